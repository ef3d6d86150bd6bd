import protobuf from 'protobufjs'

/** The part of the official ONNX schema (onnx.proto, IR version 10) that the engine writes; field numbers are ONNX's. */
const schema = protobuf.parse(
  `
  syntax = "proto3";
  package onnx;
  message StringStringEntryProto { string key = 1; string value = 2; }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; }
  message TypeProto { TensorType tensor_type = 1; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message AttributeProto {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5;
    repeated float floats = 7; repeated int64 ints = 8; int32 type = 20;
  }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated AttributeProto attribute = 5; string domain = 7;
  }
  message GraphProto {
    repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
`,
  { keepCase: true },
).root

const modelType = schema.lookupType('onnx.ModelProto')

/** TensorProto.DataType of the element types in use. */
const elementCodes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const
export type ElementType = keyof typeof elementCodes

/** A size, or the name of one that is known only when the graph runs. */
export type Dim = number | string

/** Attributes by their ONNX name; a number is written as INT unless wrapped by `float`. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number }
export const float = (value: number): { readonly float: number } => ({ float: value })

export interface OnnxNode {
  op: string
  domain: string
  inputs: readonly string[]
  outputs: readonly string[]
  attributes: Readonly<Record<string, AttributeValue>>
}

export interface OnnxValue {
  name: string
  type: ElementType
  dims: readonly Dim[]
}

export interface OnnxConstant {
  name: string
  type: ElementType
  dims: readonly number[]
  bytes: Uint8Array
}

export interface OnnxGraph {
  name: string
  nodes: readonly OnnxNode[]
  constants: readonly OnnxConstant[]
  inputs: readonly OnnxValue[]
  outputs: readonly OnnxValue[]
}

const FLOAT = 1
const INT = 2
const STRING = 3
const INTS = 7

function attribute(name: string, value: AttributeValue): object {
  if (typeof value === 'number') return { name, i: value, type: INT }
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: STRING }
  if ('float' in value) return { name, f: value.float, type: FLOAT }
  return { name, ints: value, type: INTS }
}

const valueInfo = ({ name, type, dims }: OnnxValue): object => ({
  name,
  type: {
    tensor_type: {
      elem_type: elementCodes[type],
      shape: { dim: dims.map(dim => (typeof dim === 'number' ? { dim_value: dim } : { dim_param: dim })) },
    },
  },
})

/** Serialises a graph as an ONNX model (opset 21; com.microsoft 1 for onnxruntime's contributed operators). */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const message = {
    ir_version: 10,
    producer_name: 'tributary',
    opset_import: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: graph.name,
      node: graph.nodes.map(node => ({
        input: node.inputs,
        output: node.outputs,
        op_type: node.op,
        domain: node.domain,
        attribute: Object.entries(node.attributes).map(([name, value]) => attribute(name, value)),
      })),
      initializer: graph.constants.map(({ name, type, dims, bytes }) => ({
        name,
        dims,
        data_type: elementCodes[type],
        raw_data: bytes,
      })),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  }
  return modelType.encode(modelType.create(message)).finish()
}
