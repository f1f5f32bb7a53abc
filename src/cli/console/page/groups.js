import { get } from './api.js'
import { Failure, html, usePolling } from './ui.js'

export function Groups({ info }) {
  const { data: groups, error } = usePolling(() => get('/api/groups'), 5000, [])
  return html`
    <h1>Groups</h1>
    <${Failure} error=${error} />
    ${
      !info.hasStore &&
      html`<p class="notice">
        No checkpoint store is named, so groups are in the memory of the programs that consume. Give them and this console the same
        <code>--store</code>.
      </p>`
    }
    <section>
      ${
        groups &&
        html`
          <table>
            <caption>${groups.length} ${groups.length === 1 ? 'group' : 'groups'}</caption>
            <thead>
              <tr><th scope="col">group</th><th scope="col">state</th><th scope="col" class="number">members</th></tr>
            </thead>
            <tbody>
              ${groups.map(
                ({ group, state, members }) => html`
                  <tr key=${group}>
                    <td><a href=${`#/groups/${encodeURIComponent(group)}`}>${group}</a></td>
                    <td><${State} state=${state} /></td>
                    <td class="number">${members}</td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
        `
      }
      ${!groups && !error && html`<p class="dim">Loading …</p>`}
    </section>
  `
}

export function State({ state }) {
  return html`<span class=${`badge ${state === 'Stable' ? 'good' : 'warn'}`}>${state}</span>`
}
