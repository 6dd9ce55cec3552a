import { DefaultDeserializer } from 'node:v8'

/** `deserialize`, but for typed arrays and buffers, which get memory of their own: they would keep all that they lay among as long as they live, and show it. */
export function deserializeOwn(bytes: Uint8Array): unknown {
  const deserializer = new OwnMemoryDeserializer(bytes)
  deserializer.readHeader()
  return deserializer.readValue()
}

class OwnMemoryDeserializer extends DefaultDeserializer {
  /** Called by Node for each view; see `v8.Deserializer`. */
  _readHostObject(): ArrayBufferView {
    const view = readView.call(this)
    const own = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)
    return Buffer.isBuffer(view) ? Buffer.from(own) : Reflect.construct(view.constructor, [own])
  }
}

// The method is documented, and its type is missing.
const { _readHostObject: readView } = DefaultDeserializer.prototype as DefaultDeserializer & {
  _readHostObject(): ArrayBufferView
}
