package io.uring.cli;

import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.http.content.HttpContent;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.ResourceService;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Adds to Jetty's file service what RFC 9110 asks for and it lacks: If-Range, and HEAD without
 * reading the file.
 */
final class FileService extends ResourceService {

    FileService() {}

    @Override
    public void doGet(Request request, Response response, Callback callback, HttpContent content) {
        if (HttpMethod.HEAD.is(request.getMethod())) {
            super.doGet(withoutRange(request), response, callback, new BodilessContent(content));
        } else if (rangeIsOutdated(request, content)) {
            super.doGet(withoutRange(request), response, callback, content);
        } else {
            super.doGet(request, response, callback, content);
        }
    }

    /** Serves index.html like any other file; Jetty would ignore ranges. */
    @Override
    protected void serveWelcome(Request request, Response response, Callback callback, String path)
            throws Exception {
        HttpContent index = getHttpContentFactory().getContent(path);
        HttpURI uri = HttpURI.build(request.getHttpURI()).path(path);
        doGet(Request.serveAs(request, uri), response, callback, index);
    }

    /**
     * With If-Range a part is wanted only if the file is still the same. Our entity tags are weak
     * and never say that (RFC 9110, 13.1.5), the exact date does.
     */
    private static boolean rangeIsOutdated(Request request, HttpContent content) {
        @Nullable String condition = request.getHeaders().get(HttpHeader.IF_RANGE);
        return condition != null && !condition.equals(content.getLastModified().getValue());
    }

    private static Request withoutRange(Request request) {
        HttpFields headers = HttpFields.build(request.getHeaders()).remove(HttpHeader.RANGE);
        return new Request.Wrapper(request) {
            @Override
            public HttpFields getHeaders() {
                return headers;
            }
        };
    }

    /** Jetty would read the whole file and drop it. */
    private static final class BodilessContent extends HttpContent.Wrapper {
        BodilessContent(HttpContent content) {
            super(content);
        }

        @Override
        public void writeTo(Content.Sink sink, long offset, long length, Callback callback) {
            sink.write(true, BufferUtil.EMPTY_BUFFER, callback);
        }
    }
}
