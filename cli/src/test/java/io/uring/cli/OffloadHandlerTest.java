package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OffloadHandlerTest {

    @TempDir Path directory;

    /** Blocks as far as its declaration goes. */
    private interface Work {
        boolean handle(Request request, Response response, Callback callback) throws Exception;
    }

    @Test
    void handlersOfTheWebServerTogetherAreNonBlocking() {
        try (RunningServer server = RunningServer.start(Transport.NIO, directory)) {
            assertEquals(InvocationType.NON_BLOCKING, server.server.jetty().getInvocationType());
        }
    }

    @Test
    void blockingHandlerRunsOnAnotherThread() throws Exception {
        BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
        Work work =
                (request, response, callback) -> {
                    threads.add(Thread.currentThread());
                    callback.succeeded();
                    return true;
                };

        assertEquals(200, statusOf(work, threads, new LinkedBlockingQueue<>()));
        assertNotSame(threads.take(), threads.take());
    }

    @Test
    void writesContinueOnThePool() throws Exception {
        BlockingQueue<InvocationType> types = new LinkedBlockingQueue<>();
        Work work =
                (request, response, callback) -> {
                    response.write(true, ByteBuffer.allocate(1), callback);
                    return true;
                };

        assertEquals(200, statusOf(work, new LinkedBlockingQueue<>(), types));
        assertEquals(InvocationType.BLOCKING, types.take());
    }

    @Test
    void unhandledRequestIsNotFound() throws Exception {
        Work work = (request, response, callback) -> false;

        assertEquals(404, statusOf(work, new LinkedBlockingQueue<>(), new LinkedBlockingQueue<>()));
    }

    @Test
    void failureIsAnErrorResponse() throws Exception {
        Work work =
                (request, response, callback) -> {
                    throw new IllegalStateException("made up");
                };

        assertEquals(500, statusOf(work, new LinkedBlockingQueue<>(), new LinkedBlockingQueue<>()));
    }

    /**
     * Records the thread that Jetty calls us on, and what the handler's writes say of themselves.
     */
    private static int statusOf(
            Work work, BlockingQueue<Thread> threads, BlockingQueue<InvocationType> types)
            throws Exception {
        Handler blocking =
                new Handler.Abstract() {
                    @Override
                    public boolean handle(Request request, Response response, Callback callback)
                            throws Exception {
                        return work.handle(request, response, callback);
                    }
                };
        Handler front =
                new Handler.Wrapper(new OffloadHandler(blocking)) {
                    @Override
                    public boolean handle(Request request, Response response, Callback callback)
                            throws Exception {
                        threads.add(Thread.currentThread());
                        return super.handle(
                                request, new Recorder(request, response, types), callback);
                    }
                };
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(front);
        server.start();
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/");
            HttpRequest request =
                    HttpRequest.newBuilder(uri).timeout(RunningServer.PATIENCE).build();
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        } finally {
            server.stop();
        }
    }

    private static final class Recorder extends Response.Wrapper {
        private final BlockingQueue<InvocationType> types;

        Recorder(Request request, Response response, BlockingQueue<InvocationType> types) {
            super(request, response);
            this.types = types;
        }

        @Override
        public void write(boolean last, ByteBuffer content, Callback callback) {
            types.add(callback.getInvocationType());
            super.write(last, content, callback);
        }
    }
}
