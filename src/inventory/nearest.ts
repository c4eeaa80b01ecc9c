export { didYouMean, nearest, show } from '#base/nearest';
