package io.uring.jetty;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.util.IteratingCallback;
import org.eclipse.jetty.util.thread.Invocable;

/**
 * Serves and takes the {@link Pattern}: {@code /up} answers with the number of bytes it got, {@code
 * /down?n=} sends n bytes (with a length if {@code length} is given, from direct memory if {@code
 * direct} is), {@code /echo} sends the body back, anything else says hello. With blocking streams
 * if it is BLOCKING, with callbacks if not.
 */
final class PatternHandler extends Handler.Abstract {
    static final String HELLO = "Hello, World!";

    PatternHandler(InvocationType type) {
        super(type);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback)
            throws IOException {
        boolean blocking = getInvocationType() == Invocable.InvocationType.BLOCKING;
        switch (Request.getPathInContext(request)) {
            case "/up" -> {
                if (blocking) {
                    long count = Pattern.check(Content.Source.asInputStream(request));
                    Content.Sink.write(response, true, Long.toString(count), callback);
                } else {
                    new Upload(request, response, callback, getInvocationType()).run();
                }
            }
            case "/down" -> down(request, response, callback, blocking);
            case "/echo" -> {
                if (blocking) {
                    try (OutputStream out = Content.Sink.asOutputStream(response)) {
                        Content.Source.asInputStream(request).transferTo(out);
                    }
                    callback.succeeded();
                } else {
                    Content.copy(request, response, callback);
                }
            }
            default -> {
                response.getHeaders().put(HttpHeader.CONTENT_LENGTH, HELLO.length());
                Content.Sink.write(response, true, HELLO, callback);
            }
        }
        return true;
    }

    private void down(Request request, Response response, Callback callback, boolean blocking)
            throws IOException {
        Fields query = Request.extractQueryParameters(request);
        long bytes = Long.parseLong(query.getValue("n"));
        if (query.getValue("length") != null) {
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes);
        }
        boolean direct = query.getValue("direct") != null;
        if (blocking && !direct) {
            try (OutputStream out = Content.Sink.asOutputStream(response)) {
                Pattern.stream(bytes).transferTo(out);
            }
            callback.succeeded();
        } else {
            new Download(response, bytes, direct, callback, getInvocationType()).iterate();
        }
    }

    /** Reads by demand. */
    private record Upload(
            Request request,
            Response response,
            Callback callback,
            Invocable.InvocationType type,
            Pattern pattern)
            implements Invocable.Task {
        Upload(
                Request request,
                Response response,
                Callback callback,
                Invocable.InvocationType type) {
            this(request, response, callback, type, new Pattern());
        }

        @Override
        public void run() {
            while (true) {
                Content.Chunk chunk = request.read();
                if (chunk == null) {
                    request.demand(this);
                    return;
                }
                if (Content.Chunk.isFailure(chunk)) {
                    callback.failed(chunk.getFailure());
                    return;
                }
                try {
                    pattern.check(chunk.getByteBuffer().slice());
                } catch (AssertionError e) {
                    callback.failed(e);
                    return;
                } finally {
                    chunk.release();
                }
                if (chunk.isLast()) {
                    String count = Long.toString(pattern.position());
                    Content.Sink.write(response, true, count, callback);
                    return;
                }
            }
        }

        @Override
        public InvocationType getInvocationType() {
            return type;
        }
    }

    /** Writes one buffer after the other. */
    private static final class Download extends IteratingCallback {
        private static final int DIRECT_BYTES = 200_000;

        private final Response response;
        private final long bytes;
        private final ByteBuffer direct;
        private final Callback callback;
        private final InvocationType type;
        private final Pattern pattern = new Pattern();

        Download(
                Response response,
                long bytes,
                boolean direct,
                Callback callback,
                InvocationType type) {
            this.response = response;
            this.bytes = bytes;
            this.direct = direct ? ByteBuffer.allocateDirect(DIRECT_BYTES) : null;
            this.callback = callback;
            this.type = type;
        }

        @Override
        protected Action process() {
            long left = bytes - pattern.position();
            if (left == 0) {
                return Action.SUCCEEDED;
            }
            ByteBuffer next = direct == null ? pattern.next(left) : fill(left);
            response.write(pattern.position() == bytes, next, this);
            return Action.SCHEDULED;
        }

        private ByteBuffer fill(long limit) {
            direct.clear();
            while (direct.hasRemaining() && pattern.position() < bytes) {
                long left = Math.min(bytes - pattern.position(), direct.remaining());
                direct.put(pattern.next(Math.min(left, limit)));
            }
            return direct.flip();
        }

        @Override
        public InvocationType getInvocationType() {
            return type;
        }

        @Override
        protected void onCompleteSuccess() {
            if (bytes == 0) {
                response.write(true, BufferUtil.EMPTY_BUFFER, callback);
            } else {
                callback.succeeded();
            }
        }

        @Override
        protected void onCompleteFailure(Throwable cause) {
            callback.failed(cause);
        }
    }
}
