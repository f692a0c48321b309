// node plot.js results.json plot.svg: what a guarded request costs, as bars.
// Apache ECharts draws SVG without a browser or a DOM, and brings two packages along.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { BarChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

const [from, to] = process.argv.slice(2);
const { hotPath } = JSON.parse(readFileSync(from, 'utf8'));

/** Shorter than in the tables. Servers that are not named here are not drawn. */
const LABELS = {
  'oauth-session': 'express-oauth-login',
  bare: 'bare Express, no session',
  'hand-written': 'hand-written limit',
  'own-session': 'express-oauth-login, own express-session',
  'express-session': 'express-session + connect-redis',
  'openid-client': 'express-session, tokens in it',
  passport: 'passport',
  'express-openid-connect': 'express-openid-connect, cookie',
  'express-openid-connect-redis': 'express-openid-connect, Redis',
  'better-auth': 'better-auth, memory',
  'better-auth-redis': 'better-auth, Redis',
  'auth-js': 'Auth.js for Express, cookie',
};

/** Each colour of the light theme, and what it becomes in a dark one. */
const INK = {
  page: '#ffffff',
  text: '#1f2328',
  faint: '#59636e',
  line: '#d1d9e0',
  ours: '#0969da',
  floor: '#c8d1da',
  peer: '#818b98',
};
const DARK = {
  page: '#0d1117',
  text: '#f0f6fc',
  faint: '#9198a1',
  line: '#3d444d',
  ours: '#4493f8',
  floor: '#3d444d',
  peer: '#656c76',
};

const bars = Object.entries(hotPath)
  .filter(([name]) => LABELS[name])
  .map(([name, { cpu, redis }]) => ({ name, cpu: Math.round(median(cpu)), redis: Math.round(median(redis)) }))
  .sort((a, b) => b.cpu - a.cpu);

echarts.use([BarChart, GridComponent, TitleComponent, SVGRenderer]);
const height = 76 + bars.length * 30;
const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 860, height });
const font = { fontFamily: 'system-ui, -apple-system, sans-serif' };
chart.setOption({
  animation: false,
  // So that it can be read wherever the theme of the page and that of the system differ.
  backgroundColor: INK.page,
  textStyle: font,
  title: {
    text: 'CPU per request of a logged-in user, µs',
    subtext: 'Median, and beside it the Redis operations per request. Less is better.',
    textStyle: { ...font, fontSize: 16, fontWeight: 600, color: INK.text },
    subtextStyle: { ...font, fontSize: 12, color: INK.faint },
  },
  grid: { left: 282, right: 110, top: 62, bottom: 8 },
  xAxis: { type: 'value', show: false },
  yAxis: {
    type: 'category',
    data: bars.map(({ name }) => LABELS[name]),
    axisLine: { lineStyle: { color: INK.line } },
    axisTick: { show: false },
    axisLabel: { color: INK.text, fontSize: 13 },
  },
  series: [
    {
      type: 'bar',
      barWidth: 18,
      data: bars.map(({ name, cpu }) => ({ value: cpu, itemStyle: { color: colour(name) } })),
      label: {
        show: true,
        position: 'right',
        fontSize: 12,
        color: INK.text,
        formatter: ({ dataIndex, value }) => `${value}  ·  ${bars[dataIndex].redis} Redis`,
      },
    },
  ],
});
writeFileSync(to, `${inBothThemes(chart.renderToSVGString())}\n`);
chart.dispose();

function colour(name) {
  if (name === 'oauth-session' || name === 'own-session') return INK.ours;
  return name === 'bare' || name === 'hand-written' ? INK.floor : INK.peer;
}

/** A page in a dark theme shows the same picture in other colours. */
function inBothThemes(svg) {
  const rules = Object.entries(INK).map(
    ([name, light]) => `[fill="${light}"]{fill:${DARK[name]}}[stroke="${light}"]{stroke:${DARK[name]}}`,
  );
  const style = `<style>@media (prefers-color-scheme: dark){${rules.join('')}}</style>`;
  const title = '<title>CPU per request of a logged-in user, in microseconds</title>';
  return svg.replace(
    /<svg[^>]*>/,
    (opening) => `${opening.replace('>', ' role="img">')}\n${title}\n${style}`,
  );
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
