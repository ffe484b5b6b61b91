package io.uring.examples;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.util.concurrent.TimeUnit;

/** Says hello by HTTP, until it has input: Vert.x as always, with uring-vertx on the class path. */
public final class VertxHello {
    private VertxHello() {}

    public static void main(String[] arguments) throws Exception {
        Vertx vertx = Vertx.vertx();
        HttpServer server =
                vertx.createHttpServer()
                        .requestHandler(request -> request.response().end("hello\n"));
        server.listen(Integer.parseInt(arguments[0]), "127.0.0.1").await(10, TimeUnit.SECONDS);
        System.out.println(
                "listening on "
                        + server.actualPort()
                        + (vertx.isNativeTransportEnabled() ? ", on io_uring" : ", on NIO"));
        System.in.read();
        vertx.close().await(10, TimeUnit.SECONDS);
    }
}
