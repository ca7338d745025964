// Shows what the provisioner tells: a bar on a terminal, plain lines elsewhere.
import { Presets, SingleBar } from 'cli-progress'

/** @param {NodeJS.WriteStream} stream */
export function showProgress(stream) {
  return stream.isTTY ? bar(stream) : lines(stream)
}

function lines(stream) {
  return {
    onEvent(event) {
      if (event.type === 'miss') stream.write(`environment: making it (${event.reason})\n`)
      if (event.type === 'phase' && event.state === 'end') stream.write(`environment: ${event.phase} done\n`)
    },
    stop() {},
  }
}

function bar(stream) {
  const format = ' {bar} {phase} {value}/{total} {unit}  {item}'
  const display = new SingleBar(
    { format, stream, hideCursor: true, clearOnComplete: true, linewrap: false },
    Presets.shades_classic,
  )
  let isShown = false
  return {
    onEvent(event) {
      if (event.type !== 'progress' || event.total === null) return
      const { phase, current, total, unit, item = '' } = event
      const payload = { phase, unit, item: item.slice(0, 40) }
      if (isShown) {
        display.setTotal(total)
        display.update(current, payload)
      } else {
        display.start(total, current, payload)
        isShown = true
      }
    },
    stop() {
      if (isShown) display.stop()
    },
  }
}
