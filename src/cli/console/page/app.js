/** The console's page: a view for each address. */
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { getInfo } from './api.js'
import { Faults } from './faults.js'
import { Group } from './group.js'
import { Groups } from './groups.js'
import { Topic } from './topic.js'
import { Topics } from './topics.js'
import { Failure, html } from './ui.js'

function placeOf(hash) {
  const [view = '', name] = hash.replace(/^#\/?/, '').split('/')
  return { view: view || 'topics', name: name === undefined ? undefined : decodeURIComponent(name) }
}

function App() {
  const [place, setPlace] = useState(placeOf(location.hash))
  const [info, setInfo] = useState(undefined)
  const [error, setError] = useState(undefined)
  useEffect(() => {
    getInfo().then(setInfo, setError)
    const onChange = () => {
      setPlace(placeOf(location.hash))
      scrollTo(0, 0)
    }
    addEventListener('hashchange', onChange)
    return () => removeEventListener('hashchange', onChange)
  }, [])
  useEffect(() => {
    document.title = `${place.name ?? place.view} – kafkajs-eventhubs`
  }, [place])
  if (!info) return html`<main><${Failure} error=${error} /></main>`
  const views = ['topics', 'groups', ...(info.faults.length > 0 ? ['faults'] : [])]
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header>
      <strong>kafkajs-eventhubs</strong>
      <nav aria-label="Views">
        ${views.map(
          (view) =>
            html`<a href=${`#/${view}`} aria-current=${place.view === view ? 'page' : undefined}>${titleOf(view)}</a>`,
        )}
      </nav>
      <span class="namespace">${info.namespace}</span>
      ${info.isReadOnly && html`<span class="badge good">read-only</span>`}
    </header>
    <main id="main" tabindex="-1"><${View} ...${place} info=${info} /></main>
  `
}

/** Addresses after the hash are views: a link within the page must not become one. */
function skip(event) {
  event.preventDefault()
  document.querySelector('main')?.focus()
}

const titleOf = (view) => view[0].toUpperCase() + view.slice(1)

function View({ view, name, info }) {
  if (view === 'topics') return name ? html`<${Topic} key=${name} topic=${name} info=${info} />` : html`<${Topics} />`
  if (view === 'groups') {
    return name ? html`<${Group} key=${name} group=${name} info=${info} />` : html`<${Groups} info=${info} />`
  }
  if (view === 'faults' && info.faults.length > 0) return html`<${Faults} info=${info} />`
  return html`<h1>There is no such page</h1>`
}

render(html`<${App} />`, document.body)
