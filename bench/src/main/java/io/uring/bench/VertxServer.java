package io.uring.bench;

import io.uring.vertx.UringTransport;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.util.concurrent.TimeUnit;

/** Vert.x on its native transport, which is Netty's epoll, or on ours. */
final class VertxServer implements Server {
    private static final int BACKLOG = 4096;
    private static final long START_SECONDS = 30;

    private final boolean ours;

    VertxServer(boolean ours) {
        this.ours = ours;
    }

    @Override
    public int start(Mode mode, int port, int loops) throws Exception {
        VertxOptions options = new VertxOptions().setEventLoopPoolSize(loops);
        Vertx vertx =
                ours
                        ? Vertx.builder().with(options).withTransport(new UringTransport()).build()
                        : Vertx.vertx(options.setPreferNativeTransport(true));
        if (!vertx.isNativeTransportEnabled()) {
            throw new IllegalStateException(
                    "no native transport", vertx.unavailableNativeTransportCause());
        }
        Future<Integer> listening =
                switch (mode) {
                    case ECHO -> net(vertx, port, socket -> socket.handler(socket::write));
                    case SINK -> net(vertx, port, socket -> socket.handler(data -> {}));
                    case HTTP -> http(vertx, port);
                };
        return listening
                .toCompletionStage()
                .toCompletableFuture()
                .get(START_SECONDS, TimeUnit.SECONDS);
    }

    private static Future<Integer> net(Vertx vertx, int port, Handler<NetSocket> handler) {
        NetServerOptions options = new NetServerOptions().setTcpNoDelay(true);
        options.setAcceptBacklog(BACKLOG);
        return vertx.createNetServer(options)
                .connectHandler(handler)
                .listen(port, "127.0.0.1")
                .map(server -> server.actualPort());
    }

    private static Future<Integer> http(Vertx vertx, int port) {
        HttpServerOptions options = new HttpServerOptions().setTcpNoDelay(true);
        options.setAcceptBacklog(BACKLOG);
        Buffer body = Buffer.buffer("Hello, World!");
        return vertx.createHttpServer(options)
                .requestHandler(request ->
                        request.response()
                                .putHeader("content-type", "text/plain")
                                .putHeader("content-length", "13")
                                .end(body))
                .listen(port, "127.0.0.1")
                .map(server -> server.actualPort());
    }
}
