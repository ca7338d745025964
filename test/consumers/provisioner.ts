import { type Environment, type ProvisionEvent, Provisioner } from '@pyferry/provisioner'

export async function use(python: string, baseDir: string): Promise<void> {
  const events: ProvisionEvent[] = []
  const provisioner = new Provisioner({ baseDir })
  const made: Environment = await provisioner.ensure({ python }, { onEvent: (event) => events.push(event) })
  if (made.hit || events.length === 0) throw new Error('the first environment is made, and told about')
  const found = await provisioner.ensure({ python })
  if (!found.hit || found.python !== made.python) throw new Error('the second time it is there')
}
