package io.uring.cli;

import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Sends a request's body back while it arrives. The next chunk is read when the last one is
 * written, so that a client that does not read is not read from either, and a body of any length
 * needs one buffer. Trailers are dropped.
 */
final class EchoHandler extends Handler.Abstract.NonBlocking {

    private static final String PATH = "/echo";

    EchoHandler() {}

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        if (!PATH.equals(Request.getPathInContext(request))) {
            return false;
        }
        if (!HttpMethod.POST.is(request.getMethod())) {
            Refusal.methodNotAllowed("POST", request, response, callback);
            return true;
        }
        @Nullable HttpField contentType = request.getHeaders().getField(HttpHeader.CONTENT_TYPE);
        if (contentType != null) {
            response.getHeaders().put(contentType);
        }
        long length = request.getLength();
        if (length >= 0) {
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, length);
        }
        Content.copy(request, response, callback);
        return true;
    }
}
