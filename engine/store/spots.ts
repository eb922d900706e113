/**
 * A number (an id of a dictionary, or a chunk) with the spot that it has in a chunk, in one number: what is in one row
 * of a chunk only can be read without a look at the other 127. A spot is that row, counted from 1; or SEVERAL.
 */
const SPOTS = 256;
export const SEVERAL = 0;

export const withSpot = (number: number, spot: number) => number * SPOTS + spot;
export const numberOf = (spotted: number) => Math.floor(spotted / SPOTS);
export const spotOf = (spotted: number) => spotted - SPOTS * Math.floor(spotted / SPOTS);
