package io.uring.examples;

import io.uring.reactornetty.UringLoopResources;
import java.io.IOException;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;

/** Says hello by HTTP with Reactor Netty, until it has input. */
public final class ReactorNettyHello {
    private ReactorNettyHello() {}

    public static void main(String[] arguments) throws IOException {
        LoopResources loops = UringLoopResources.create("hello");
        DisposableServer server =
                HttpServer.create()
                        .runOn(loops)
                        .host("127.0.0.1")
                        .port(Integer.parseInt(arguments[0]))
                        .handle((request, response) -> response.sendString(Mono.just("hello\n")))
                        .bindNow();
        System.out.println(
                "listening on "
                        + server.port()
                        + (loops instanceof UringLoopResources ? ", on io_uring" : ", on NIO"));
        System.in.read();
        server.disposeNow();
        loops.disposeLater().block();
    }
}
