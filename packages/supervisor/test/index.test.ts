import { expect, it } from 'vitest'
import * as supervisor from '../src/index.js'

it('exports these names and no others', () => {
  expect(Object.keys(supervisor).sort()).toEqual([
    'ClosedError',
    'DiedError',
    'FunctionNotFoundError',
    'HandshakeError',
    'NotStartedError',
    'OptionError',
    'PythonError',
    'QueueFullError',
    'StartError',
    'SupervisorError',
    'TailFile',
    'UnsupportedByWorkerError',
    'Worker',
    'WorkerFilesError',
    'callSafely',
    'hostEnvironment',
    'reportFailure',
    'workerCommand',
    'workerLaunch',
  ])
})
