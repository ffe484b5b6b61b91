package io.uring.cli;

import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Runs a handler that blocks on the thread pool, so that the handler tree as a whole is
 * non-blocking.
 *
 * <p>This is sound because Jetty's contract is asynchronous: {@code handle} returning true promises
 * that the callback completes some time, on any thread. Jetty derives a request's invocation type
 * from the whole tree once, at start; what counts is that {@code handle} itself does not block, and
 * queueing a task does not.
 *
 * <p>The handler's later steps must stay on the pool as well: a file is read piece by piece, each
 * piece when the one before is written, and the completion of a write runs where its callback's
 * invocation type says. Jetty's file copier calls itself non-blocking although it reads the disk,
 * so the response marks its writes as blocking.
 */
final class OffloadHandler extends Handler.Wrapper {

    OffloadHandler(Handler blocking) {
        super(blocking);
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        Response onPool = new PooledWrites(request, response);
        request.getComponents().getExecutor().execute(() -> run(request, onPool, callback));
        return true;
    }

    private void run(Request request, Response response, Callback callback) {
        try {
            if (!super.handle(request, response, callback)) {
                Response.writeError(request, response, callback, HttpStatus.NOT_FOUND_404);
            }
        } catch (Throwable failure) {
            Response.writeError(request, response, callback, failure);
        }
    }

    private static final class PooledWrites extends Response.Wrapper {
        PooledWrites(Request request, Response wrapped) {
            super(request, wrapped);
        }

        @Override
        public void write(boolean last, ByteBuffer content, Callback callback) {
            super.write(
                    last,
                    content,
                    new Callback.Nested(callback) {
                        @Override
                        public InvocationType getInvocationType() {
                            return InvocationType.BLOCKING;
                        }
                    });
        }
    }
}
