/** What every view is made of. */
import htm from 'htm'
import { h } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

export const html = htm.bind(h)

/** Calls `load` now and every `everyMs`, one call at a time, as long as the view is shown and the tab is looked at. */
export function usePolling(load, everyMs, dependencies) {
  const [state, setState] = useState({ data: undefined, error: undefined })
  useEffect(() => {
    let isOver = false
    let timer
    setState({ data: undefined, error: undefined })
    const round = async () => {
      if (!document.hidden) {
        try {
          const data = await load()
          if (!isOver) setState({ data, error: undefined })
        } catch (error) {
          // What was shown stays: one failed round is no reason to blank the page.
          if (!isOver) setState((shown) => ({ ...shown, error }))
        }
      }
      if (!isOver) timer = setTimeout(round, everyMs)
    }
    void round()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, dependencies)
  return state
}

export function Failure({ error }) {
  return error ? html`<p class="notice bad" role="alert">${error.message}</p>` : null
}

export function Status({ children }) {
  return html`<p class="status" role="status">${children}</p>`
}

const numbers = new Intl.NumberFormat('en')
export const formatNumber = (value) => numbers.format(value)

export function formatTime(ms) {
  const date = new Date(ms)
  const pad = (number, digits = 2) => String(number).padStart(digits, '0')
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`
}

/** A dialog that asks before something is done. `open` is what is asked, or undefined. */
export function Confirmation({ open, title, children, action, onConfirm, onCancel }) {
  const dialog = useRef(null)
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal()
    if (!open && dialog.current.open) dialog.current.close()
  }, [open])
  return html`
    <dialog ref=${dialog} aria-labelledby="confirmation" onClose=${onCancel}>
      <h2 id="confirmation">${title}</h2>
      ${children}
      <div class="row">
        <button type="button" class="main" onClick=${onConfirm}>${action}</button>
        <button type="button" onClick=${onCancel}>Cancel</button>
      </div>
    </dialog>
  `
}
