import { InterceptingCall, type Interceptor, Metadata, status } from '@grpc/grpc-js'
import { messageOf } from '../errors.js'

type Call = ReturnType<Parameters<Interceptor>[1]>

/**
 * Has a call that is under way as its connection is closed fail with `CANCELLED`. The SDK's client pauses and tries such a call again, which throws: without
 * this, out of a timer, where nobody can catch it, and the process ends. To stand behind the interceptor that tries again.
 */
export const failOnClosedConnection: Interceptor = (options, nextCall) => {
  let call: Call
  try {
    call = nextCall(options)
  } catch (error) {
    call = endedCall(messageOf(error))
  }
  return new InterceptingCall(call)
}

function endedCall(details: string): Call {
  return {
    start(_metadata, listener) {
      setImmediate(() => {
        // As gRPC does where no answer came: whoever listens expects one before the status.
        listener?.onReceiveMessage?.(null)
        listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata: new Metadata() })
      })
    },
    sendMessage: () => {},
    sendMessageWithContext: () => {},
    startRead: () => {},
    halfClose: () => {},
    cancelWithStatus: () => {},
    getPeer: () => '',
    getAuthContext: () => null,
  }
}
