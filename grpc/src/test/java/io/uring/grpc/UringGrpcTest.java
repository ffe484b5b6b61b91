package io.uring.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.unix.DomainSocketAddress;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.NoBufferLeaks;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.SeccompChild;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
@ExtendWith({NothingLeft.class, NoBufferLeaks.class})
class UringGrpcTest {
    @Test
    void closingTwiceDoesNoHarm() {
        UringGrpc uring = UringGrpc.create();
        uring.close();
        uring.close();
        assertTrue(uring.isUring());
    }

    @Test
    void refusesNoLoops() {
        assertThrows(
                IllegalArgumentException.class,
                () -> UringGrpc.create(0, ReactorConfig.defaults()));
    }

    /** Prints what it runs on, and an answer. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) throws Exception {
            try (UringGrpc uring = UringGrpc.create()) {
                System.out.println("uring=" + uring.isUring() + ".");
                var unix = new DomainSocketAddress("never bound");
                var refusal =
                        assertThrows(
                                IllegalStateException.class,
                                () -> uring.configureUnix(NettyServerBuilder.forAddress(unix)));
                System.out.println("UNIX=" + refusal.getCause().getMessage());
                var local = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
                var server =
                        uring.configure(NettyServerBuilder.forAddress(local))
                                .addService(new Echo(1).service())
                                .build()
                                .start();
                var channel =
                        uring.configure(
                                        NettyChannelBuilder.forAddress(
                                                "127.0.0.1", server.getPort()))
                                .usePlaintext()
                                .build();
                byte[] answer =
                        ClientCalls.blockingUnaryCall(
                                channel, Echo.UNARY, CallOptions.DEFAULT, new byte[] {42});
                System.out.println("ANSWER=" + answer[0]);
                channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
                server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void withoutIoUringItsOwnLoopsServeAndTheLogSaysWhy() {
        try (ChildJvm child = SeccompChild.start(SeccompChild.EPERM, List.of(), Main.class)) {
            assertEquals(0, child.awaitExit(Duration.ofSeconds(30)), child::output);
            String output = child.output();
            assertTrue(output.contains("uring=false."), output);
            assertTrue(output.contains("ANSWER=42"), output);
            assertTrue(output.contains("UNIX=io_uring_setup: EPERM"), output);
            String reason =
                    output.split("gRPC does not use io_uring: ", 2)[1].lines().findFirst().get();
            assertTrue(reason.contains("EPERM"), reason);
            assertFalse(output.contains("\tat "), output);
        }
    }
}
