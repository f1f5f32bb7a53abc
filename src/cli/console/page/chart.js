import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import { html } from './ui.js'

/** The lag of a group over time. */
export function LagChart({ history }) {
  const place = useRef(null)
  const plot = useRef(null)
  useEffect(() => {
    const create = () => {
      plot.current?.destroy()
      plot.current = new UPlot(optionsOf(place.current), dataOf(history), place.current)
    }
    create()
    const resizing = new ResizeObserver(() => plot.current?.setSize(sizeOf(place.current)))
    resizing.observe(place.current)
    // Its colours are painted, not styled.
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', create)
    return () => {
      resizing.disconnect()
      scheme.removeEventListener('change', create)
      plot.current?.destroy()
      plot.current = null
    }
  }, [])
  useEffect(() => plot.current?.setData(dataOf(history)), [history])
  const last = history.at(-1)
  const first = history[0]
  const label = last ? `Lag over time: ${first.lag} at first, ${last.lag} now` : 'Lag over time'
  return html`<div class="chart" ref=${place} role="img" aria-label=${label}></div>`
}

const dataOf = (history) => [history.map(({ at }) => at / 1000), history.map(({ lag }) => lag)]
const sizeOf = (element) => ({ width: element.clientWidth, height: 220 })

const clockTime = (seconds) => new Date(seconds * 1000).toTimeString().slice(0, 8)

function optionsOf(element) {
  const style = getComputedStyle(element)
  const colour = (name) => {
    // light-dark() is resolved where it is used, not in the property.
    const probe = document.createElement('span')
    probe.style.color = `var(${name})`
    element.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }
  const axis = { stroke: colour('--dim'), grid: { stroke: colour('--line') }, ticks: { stroke: colour('--line') } }
  const accent = colour('--accent')
  return {
    ...sizeOf(element),
    font: style.font,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map(clockTime) },
      { ...axis, size: 70 },
    ],
    series: [
      {},
      { label: 'lag', stroke: accent, width: 2, fill: accent.replace('rgb(', 'rgba(').replace(')', ', 0.12)') },
    ],
  }
}
