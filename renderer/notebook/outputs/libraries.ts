// Addresses of the chart libraries' ready-made files, as the build names them. Their packages do not export these files, hence the paths.
import plotlyUrl from '../../../node_modules/plotly.js-dist-min/plotly.min.js?url'
import vegaUrl from '../../../node_modules/vega/build/vega.min.js?url'
import embedUrl from '../../../node_modules/vega-embed/build/vega-embed.min.js?url'
import liteUrl from '../../../node_modules/vega-lite/build/vega-lite.min.js?url'

export const plotly: readonly string[] = [plotlyUrl]
/** In this order: each needs the one before. */
export const vega: readonly string[] = [vegaUrl, liteUrl, embedUrl]
