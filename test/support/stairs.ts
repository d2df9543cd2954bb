/** How the pictures of counts over time are drawn, as SVG. */

export const size = { width: 860, height: 520, left: 60, right: 830 } as const

export interface Lane {
  readonly title: string
  readonly top: number
  readonly bottom: number
  readonly most: number
}

export type Steps = readonly (readonly [at: number, value: number])[]

const y = ({ bottom, most, top }: Lane, value: number): number => rounded(bottom - (value / most) * (bottom - top))

export const rounded = (value: number): number => Math.round(value * 10) / 10

/** Draws a line for each change of a value. */
export const stairs = (
  lane: Lane,
  steps: Steps,
  kind: string,
  x: (moment: number) => number,
  ended: number,
): string => {
  const changes = steps.filter(([, value], index) => value !== steps[index - 1]?.[1])
  const path = changes.map(
    ([at, value], index) => `${index === 0 ? 'M' : 'H'}${x(at)} ${index === 0 ? '' : 'V'}${y(lane, value)}`,
  )
  return `<path class="${kind}" d="${path.join('')}H${x(ended)}"/>`
}

export const axisOf = (lane: Lane, base: number): string =>
  [...new Set([0, base, lane.most])]
    .map(value => `<text x="${size.left - 8}" y="${y(lane, value) + 4}" text-anchor="end">${value}</text>`)
    .join('') +
  `<path class="axis" d="M${size.left} ${lane.top}V${lane.bottom}H${size.right}"/>` +
  `<path class="base" d="M${size.left} ${y(lane, base)}H${size.right}"/>`

export const style = [
  'text{font:12px sans-serif;fill:#444}.title{font-weight:bold}',
  '.grid{stroke:#eee}.axis{stroke:#999;fill:none}.base{stroke:#777;stroke-dasharray:4 4}',
  '.leased{stroke:#06c;stroke-width:2;fill:none}.forever{stroke:#b30;stroke-width:2;fill:none}',
  '.open{stroke:#080;stroke-width:1.5;fill:none}.report{stroke:#999}.end{stroke:#b30;stroke-width:2}',
].join('')
