import { expect, test } from 'vitest'
import * as exported from '../src/index.js'

test('the package exports these names and no others', () => {
  expect(Object.keys(exported).sort()).toEqual([
    'BaseDirInUseError',
    'InternalError',
    'InterpreterError',
    'MachineError',
    'NetworkError',
    'OptionError',
    'PackageError',
    'ProvisionError',
    'Provisioner',
    'SpecError',
    'StateError',
    'StoppedError',
    'ToolError',
    'UnsafeRequirementError',
    'claimBaseDir',
    'inspectInterpreter',
    'metaDirOf',
    'parseRequirement',
    'removeBaseDir',
    'validateRequirement',
    'validateSpec',
  ])
})
