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
  const display = new SingleBar(
    { format: ' {bar} {label}', stream, hideCursor: true, clearOnComplete: true, linewrap: false },
    Presets.shades_classic,
  )
  let isShown = false
  const show = (current, total, label) => {
    if (isShown) display.setTotal(total)
    else display.start(total, current, { label })
    isShown = true
    display.update(current, { label: label.slice(0, 60) })
  }
  return {
    onEvent(event) {
      if (event.type === 'phase' && event.state === 'start') show(0, 1, event.phase)
      if (event.type !== 'progress') return
      const { phase, current, total, unit, item = '' } = event
      // Until the total is known the bar stays empty and the text tells what comes.
      const count = total === null ? `${current}` : `${current}/${total}`
      show(total === null ? 0 : current, total ?? 1, `${phase} ${count} ${unit} ${item}`)
    },
    stop() {
      if (isShown) display.stop()
    },
  }
}
