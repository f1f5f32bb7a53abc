import { readFile } from 'node:fs/promises'

/** A feature of the USGS feed of earthquakes, as GeoJSON. */
export interface Quake {
  id: string
  properties: { mag: number; place: string; time: number; net: string; magType: string }
}

/** The 1,707 earthquakes of a week in 2018, recorded by the U.S. Geological Survey. */
export async function readQuakes(): Promise<Quake[]> {
  const file = new URL('../../node_modules/vega-datasets/data/earthquakes.json', import.meta.url)
  const { features } = JSON.parse(await readFile(file, 'utf8')) as { features: Quake[] }
  return features
}
