/**
 * A topic's name as one folder or file name. Kafka's own names (`[a-zA-Z0-9._-]`, never `.` or `..`) stay as they are;
 * what another source may allow (`/`, `+`, spaces, a lone dot) is percent-encoded, so that a hostile name stays inside
 * its folder and `+` keeps its meaning in file names.
 */
export function topicToPath(topic: string): string {
  if (/^\.+$/.test(topic)) return topic.replaceAll('.', '%2E')
  return encodeURIComponent(topic).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** The inverse of topicToPath. Throws URIError for what topicToPath never writes. */
export function topicFromPath(name: string): string {
  return decodeURIComponent(name)
}
