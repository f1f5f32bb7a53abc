/** Calls of the console's server. */

let csrfToken = ''

export async function get(path) {
  return await answerOf(await fetch(path))
}

export async function post(path, body) {
  const headers = { 'content-type': 'application/json', 'x-csrf-token': csrfToken }
  return await answerOf(await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }))
}

/** What the server is connected to; brings the token that changes need. */
export async function getInfo() {
  const info = await get('/api/info')
  csrfToken = info.csrfToken
  return info
}

async function answerOf(response) {
  const answer = await response.json().catch(() => ({ error: `The server answered ${response.status}` }))
  if (!response.ok) throw new Error(answer.error)
  return answer
}

export const topicPath = (topic) => `/api/topics/${encodeURIComponent(topic)}`
export const groupPath = (group) => `/api/groups/${encodeURIComponent(group)}`
