/** A text of at most `most` code points, which is what Discord counts; what is cut ends in an ellipsis. */
export const clipped = (text: string, most: number): string => {
  // No code point is longer than two units: shorter texts need no counting.
  if (text.length <= most) return text
  const points = [...text]
  return points.length <= most ? text : `${points.slice(0, most - 1).join('')}…`
}
