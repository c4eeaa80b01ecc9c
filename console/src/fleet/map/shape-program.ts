/**
 * Draws nodes as points, each state in a shape of its own, so that a map is read without its colours: a disc, a ring, a
 * square, a diamond, a triangle or a cross.
 */
import { NodeProgram, type ProgramDefinition, type ProgramInfo } from 'sigma/rendering';
import type { NodeDisplayData, RenderParams } from 'sigma/types';
import { floatColor } from 'sigma/utils';

export const SHAPES = ['disc', 'ring', 'square', 'diamond', 'triangle', 'cross'] as const;
export type Shape = (typeof SHAPES)[number];

const UNIFORMS = ['u_sizeRatio', 'u_pixelRatio', 'u_matrix'] as const;

const VERTEX = `
attribute vec4 a_id;
attribute vec4 a_color;
attribute vec2 a_position;
attribute float a_size;
attribute float a_shape;
uniform float u_sizeRatio;
uniform float u_pixelRatio;
uniform mat3 u_matrix;
varying vec4 v_color;
varying float v_shape;
varying float v_edge;
void main() {
  gl_Position = vec4((u_matrix * vec3(a_position, 1)).xy, 0, 1);
  float side = a_size / u_sizeRatio * u_pixelRatio * 2.0;
  gl_PointSize = side;
  v_edge = 1.0 / max(side, 1.0);
  v_shape = a_shape;
  #ifdef PICKING_MODE
  v_color = a_id;
  #else
  v_color = a_color;
  #endif
  v_color.a *= 255.0 / 254.0;
}`;

/** How far inside the shape a place is; below zero is outside. */
const FRAGMENT = `
precision mediump float;
varying vec4 v_color;
varying float v_shape;
varying float v_edge;
void main(void) {
  vec2 m = gl_PointCoord - vec2(0.5, 0.5);
  float inside;
  if (v_shape < 0.5) inside = 0.42 - length(m);
  else if (v_shape < 1.5) inside = min(0.46 - length(m), length(m) - 0.22);
  else if (v_shape < 2.5) inside = 0.38 - max(abs(m.x), abs(m.y));
  else if (v_shape < 3.5) inside = (0.5 - (abs(m.x) + abs(m.y))) * 0.7;
  else if (v_shape < 4.5) inside = min(0.4 - m.y, (m.y + 0.5) * 0.45 - abs(m.x) * 0.9);
  else {
    vec2 r = vec2(m.x + m.y, m.x - m.y) * 0.7071;
    inside = min(0.48 - length(m), max(0.13 - abs(r.x), 0.13 - abs(r.y)));
  }
  #ifdef PICKING_MODE
  gl_FragColor = length(m) < 0.5 ? v_color : vec4(0.0);
  #else
  gl_FragColor = v_color * smoothstep(-v_edge, v_edge, inside);
  #endif
}`;

export class ShapeProgram extends NodeProgram<(typeof UNIFORMS)[number]> {
  getDefinition(): ProgramDefinition<(typeof UNIFORMS)[number]> {
    const { FLOAT, UNSIGNED_BYTE, POINTS } = WebGLRenderingContext;
    return {
      VERTICES: 1,
      VERTEX_SHADER_SOURCE: VERTEX,
      FRAGMENT_SHADER_SOURCE: FRAGMENT,
      METHOD: POINTS,
      UNIFORMS,
      ATTRIBUTES: [
        { name: 'a_position', size: 2, type: FLOAT },
        { name: 'a_size', size: 1, type: FLOAT },
        { name: 'a_color', size: 4, type: UNSIGNED_BYTE, normalized: true },
        { name: 'a_id', size: 4, type: UNSIGNED_BYTE, normalized: true },
        { name: 'a_shape', size: 1, type: FLOAT },
      ],
    };
  }

  processVisibleItem(
    index: number,
    start: number,
    data: NodeDisplayData & { readonly shape?: Shape },
  ): void {
    this.array.set(
      [
        data.x,
        data.y,
        data.size,
        floatColor(data.color),
        index,
        SHAPES.indexOf(data.shape ?? 'disc'),
      ],
      start,
    );
  }

  setUniforms(
    { sizeRatio, pixelRatio, matrix }: RenderParams,
    { gl, uniformLocations: { u_sizeRatio, u_pixelRatio, u_matrix } }: ProgramInfo,
  ): void {
    gl.uniform1f(u_pixelRatio ?? null, pixelRatio);
    gl.uniform1f(u_sizeRatio ?? null, sizeRatio);
    gl.uniformMatrix3fv(u_matrix ?? null, false, matrix);
  }
}
