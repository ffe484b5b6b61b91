package io.uring.cli;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** The answer to a method that a path does not have. */
final class Refusal {

    private Refusal() {}

    static void methodNotAllowed(
            String allowed, Request request, Response response, Callback callback) {
        response.getHeaders().put(HttpHeader.ALLOW, allowed);
        Response.writeError(request, response, callback, HttpStatus.METHOD_NOT_ALLOWED_405);
    }
}
