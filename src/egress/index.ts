export { ALLOW_NOTHING, type Allow, allowProblem, parseAllow, parseAllowAmong } from './allow.ts';
export { type AddressClass, classify } from './classify.ts';
export { judge } from './judge.ts';
export { type Place, placeOf } from './place.ts';
