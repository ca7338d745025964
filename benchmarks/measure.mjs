// Measures the peers in this process and sends the parent what it found; `run.mjs` starts it once for each placement.
import { measureRound, scenarios, summarise } from './scenarios.mjs'
import { shuffled } from './statistics.mjs'

const { peerNames, rounds, python } = JSON.parse(process.argv[2])

const load = {
  'raw echo': async () => new (await import('./peers/raw-echo.mjs')).RawEcho(),
  pyferry: async () => new (await import('./peers/pyferry.mjs')).Pyferry(),
  textbook: async () => new (await import('./peers/textbook.mjs')).Textbook(),
  'python-shell': async () => new (await import('./peers/python-shell.mjs')).PythonShellPeer(),
}

const peers = new Map()
for (const name of peerNames) {
  const peer = await load[name]()
  await peer.start(python)
  const answer = await peer.call(1, 2)
  if (name !== 'raw echo' && answer !== 3) throw new Error(`${name} says that 1 + 2 is ${answer}`)
  peers.set(name, peer)
}

// All peers are alive in one run and take turns in random order, so that a busy minute of the machine falls on all of them.
const turns = scenarios.flatMap((scenario) => peerNames.map((name) => ({ scenario, name, rounds: [] })))
for (let round = 0; round < rounds; round += 1) {
  for (const turn of shuffled(turns)) turn.rounds.push(await measureRound(peers.get(turn.name), turn.scenario))
}

for (const peer of peers.values()) await peer.close()
process.send(turns.map(({ scenario, name, rounds }) => ({ scenario: scenario.name, name, ...summarise(rounds) })))
process.disconnect()
