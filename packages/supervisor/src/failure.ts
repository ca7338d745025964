import { FrameTooLargeError, UnserializableError, ValueTooLargeError, type WireFailure } from '@pyferry/codec'
import { type CallFacts, FunctionNotFoundError, PythonError } from './errors.js'

/** Turn the failure fields of an answer (PROTOCOL.md, "Worker → host") into the error a caller gets. */
export function failureToError(failure: WireFailure, facts: CallFacts): Error {
  const message = failure.errorMessage ?? ''
  switch (failure.errorKind) {
    case 'function-not-found':
      return new FunctionNotFoundError(message, failure.candidates ?? [], facts)
    case 'unserializable':
      return Object.assign(new UnserializableError(failure.errorPath ?? 'result', message), facts)
    case 'too-large':
      return Object.assign(new FrameTooLargeError(failure.errorSize ?? 0, failure.errorLimit ?? 0), facts)
    case 'value-too-large':
      return Object.assign(new ValueTooLargeError('a result', failure.errorSize ?? 0, failure.errorLimit ?? 0), facts)
    default:
      return pythonError(failure, facts)
  }
}

function pythonError(failure: WireFailure, facts: CallFacts): PythonError {
  const type = failure.errorQualname ?? failure.errorType ?? 'Exception'
  return new PythonError(
    failure.errorMessage ?? '',
    { pythonType: type, traceback: failure.traceback ?? '', notes: failure.errorNotes ?? [] },
    { cause: failure.errorCause && pythonError(failure.errorCause, facts) },
    facts,
  )
}
