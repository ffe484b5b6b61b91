package io.uring.examples;

import static io.grpc.CallOptions.DEFAULT;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.uring.grpc.UringGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Scanner;

/** A gRPC service of strings and a call of it, both on the same loops. */
public final class GrpcHello {
    private static final MethodDescriptor<String, String> HELLO =
            MethodDescriptor.newBuilder(new Text(), new Text())
                    .setType(MethodDescriptor.MethodType.UNARY)
                    .setFullMethodName("Greeter/hello")
                    .build();

    private GrpcHello() {}

    public static void main(String[] arguments) throws IOException {
        var service = ServerServiceDefinition.builder("Greeter");
        service.addMethod(
                HELLO,
                ServerCalls.asyncUnaryCall((name, answer) -> {
                    answer.onNext("hello " + name);
                    answer.onCompleted();
                }));
        try (UringGrpc uring = UringGrpc.create()) {
            var builder = NettyServerBuilder.forPort(0).addService(service.build());
            var server = uring.configure(builder).build().start();
            var target = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort());
            var channel = uring.configure(target).usePlaintext().build();
            var answer = ClientCalls.blockingUnaryCall(channel, HELLO, DEFAULT, arguments[0]);
            System.out.println(answer + (uring.isUring() ? ", on io_uring" : ", on NIO"));
            channel.shutdownNow();
            server.shutdownNow();
        }
    }

    private record Text() implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String text) {
            return new ByteArrayInputStream(text.getBytes(UTF_8));
        }

        @Override
        public String parse(InputStream text) {
            return new Scanner(text, UTF_8).nextLine();
        }
    }
}
