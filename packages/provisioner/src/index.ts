export { OptionError } from '@pyferry/errors'
export { metaDirOf, removeBaseDir } from './base-dir.js'
export type { KeptGeneration, PruneReport, RemovedItem, SkippedItem } from './collect.js'
export type { CollectRules } from './decide-collection.js'
export type { DiskUse } from './disk-tally.js'
export type { DoctorReport, EnvironmentHealth, Health, HomeHealth } from './doctor.js'
export type { Environment } from './environment.js'
export type {
  InterpreterCode,
  MachineCode,
  NetworkCode,
  PackageCode,
  ProvisionCode,
  ProvisionFailure,
  RefusedPython,
  RefusedTool,
  SpecCode,
  StateCode,
  StoppedCode,
  ToolCode,
} from './errors.js'
export {
  BaseDirInUseError,
  InternalError,
  InterpreterError,
  MachineError,
  NetworkError,
  PackageError,
  ProvisionError,
  SpecError,
  StateError,
  StoppedError,
  ToolError,
  UnsafeRequirementError,
} from './errors.js'
export type { MissReason, Phase, ProvisionEvent } from './events.js'
export type { ExportFormat } from './export.js'
export type { FileProblem } from './installed-files.js'
export type { InspectOptions, InterpreterInfo } from './interpreter.js'
export { inspectInterpreter } from './interpreter.js'
export type { EnvironmentRow, EnvironmentState, ListOptions } from './list.js'
export type { BaseDirClaim } from './owner.js'
export { claimBaseDir } from './owner.js'
export type { Plan, PlannedMiss } from './plan.js'
export type {
  DoctorOptions,
  EnsureOptions,
  ExportOptions,
  PlanOptions,
  ProvisionerOptions,
  PruneOptions,
  RemoveOptions,
  WorkOptions,
} from './provisioner.js'
export { Provisioner } from './provisioner.js'
export type { Repair } from './repair.js'
export type { Requirement } from './requirement.js'
export { parseRequirement, validateRequirement } from './requirement.js'
export type { EnvironmentSpec } from './spec.js'
export { validateSpec } from './spec.js'
export type { Why } from './why.js'
