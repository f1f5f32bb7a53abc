import { get } from './api.js'
import { Failure, html, usePolling } from './ui.js'

export function Topics() {
  const { data: topics, error } = usePolling(() => get('/api/topics'), 10_000, [])
  return html`
    <h1>Topics</h1>
    <${Failure} error=${error} />
    <section>
      ${
        topics &&
        html`
          <table>
            <caption>${topics.length} ${topics.length === 1 ? 'topic' : 'topics'} (event hubs)</caption>
            <thead><tr><th scope="col">name</th></tr></thead>
            <tbody>
              ${topics.map((topic) => html`<tr key=${topic}><td><a href=${`#/topics/${encodeURIComponent(topic)}`}>${topic}</a></td></tr>`)}
            </tbody>
          </table>
        `
      }
      ${!topics && !error && html`<p class="dim">Loading …</p>`}
      <form class="open" onSubmit=${openNamed}>
        <label>
          Open by name, where listing is not allowed
          <input name="topic" required />
        </label>
        <button>Open</button>
      </form>
    </section>
  `
}

function openNamed(event) {
  event.preventDefault()
  location.hash = `#/topics/${encodeURIComponent(event.target.elements.topic.value.trim())}`
}
