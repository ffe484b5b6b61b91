package io.uring.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * One path with one small body: TechEmpower's plaintext and JSON tests. Jetty adds the Server, Date
 * and Content-Length fields that these demand.
 */
final class FixedHandler extends Handler.Abstract.NonBlocking {

    private final String path;
    private final HttpField contentType;
    private final Supplier<ByteBuffer> body;

    private FixedHandler(String path, String contentType, Supplier<ByteBuffer> body) {
        this.path = path;
        this.contentType = new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, contentType);
        this.body = body;
    }

    static FixedHandler plaintext() {
        byte[] text = "Hello, World!".getBytes(US_ASCII);
        // Direct, so that neither transport has to copy it out of the heap.
        ByteBuffer hello = ByteBuffer.allocateDirect(text.length).put(text).flip();
        return new FixedHandler("/plaintext", "text/plain", hello::slice);
    }

    /** The rules want the object created and serialized anew for each request. */
    static FixedHandler json() {
        return new FixedHandler(
                "/json",
                "application/json",
                () -> ByteBuffer.wrap(new Message("Hello, World!").json().getBytes(US_ASCII)));
    }

    private record Message(String message) {
        String json() {
            return new JsonWriter().object().member("message", message).end().toString();
        }
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        if (!path.equals(Request.getPathInContext(request))) {
            return false;
        }
        if (!HttpMethod.GET.is(request.getMethod()) && !HttpMethod.HEAD.is(request.getMethod())) {
            Refusal.methodNotAllowed("GET, HEAD", request, response, callback);
            return true;
        }
        response.getHeaders().put(contentType);
        response.write(true, body.get(), callback);
        return true;
    }
}
