package io.uring.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** A service of bytes, without generated code. */
final class Echo {
    static final MethodDescriptor<byte[], byte[]> UNARY = method("unary", MethodType.UNARY);
    static final MethodDescriptor<byte[], byte[]> REPEAT =
            method("repeat", MethodType.SERVER_STREAMING);
    static final MethodDescriptor<byte[], byte[]> COUNT =
            method("count", MethodType.CLIENT_STREAMING);
    static final MethodDescriptor<byte[], byte[]> CHAT = method("chat", MethodType.BIDI_STREAMING);
    static final MethodDescriptor<byte[], byte[]> NEVER = method("never", MethodType.UNARY);

    /** Messages that {@link #REPEAT} has sent, over all calls. */
    final AtomicInteger sent = new AtomicInteger();

    /** Goes down when a call of {@link #NEVER} is cancelled. */
    final CountDownLatch cancelled = new CountDownLatch(1);

    private final int repetitions;

    Echo(int repetitions) {
        this.repetitions = repetitions;
    }

    private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
        return MethodDescriptor.newBuilder(new Bytes(), new Bytes())
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName("Echo", name))
                .build();
    }

    ServerServiceDefinition service() {
        return ServerServiceDefinition.builder("Echo")
                .addMethod(UNARY, ServerCalls.asyncUnaryCall(Echo::unary))
                .addMethod(REPEAT, ServerCalls.asyncServerStreamingCall(this::repeat))
                .addMethod(COUNT, ServerCalls.asyncClientStreamingCall(Echo::count))
                .addMethod(CHAT, ServerCalls.asyncBidiStreamingCall(Echo::chat))
                .addMethod(NEVER, ServerCalls.asyncUnaryCall(this::never))
                .build();
    }

    private static void unary(byte[] request, StreamObserver<byte[]> answers) {
        if (request.length == 0) {
            answers.onError(Status.INVALID_ARGUMENT.asRuntimeException());
            return;
        }
        answers.onNext(request);
        answers.onCompleted();
    }

    /** Sends only while the peer takes it. */
    private void repeat(byte[] request, StreamObserver<byte[]> observer) {
        var answers = (ServerCallStreamObserver<byte[]>) observer;
        int[] left = {repetitions};
        answers.setOnReadyHandler(() -> {
            while (left[0] > 0 && answers.isReady()) {
                sent.incrementAndGet();
                answers.onNext(request);
                if (--left[0] == 0) {
                    answers.onCompleted();
                }
            }
        });
    }

    private static StreamObserver<byte[]> count(StreamObserver<byte[]> answers) {
        return new StreamObserver<>() {
            private long bytes;

            @Override
            public void onNext(byte[] message) {
                bytes += message.length;
            }

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onCompleted() {
                answers.onNext(Long.toString(bytes).getBytes(US_ASCII));
                answers.onCompleted();
            }
        };
    }

    private static StreamObserver<byte[]> chat(StreamObserver<byte[]> answers) {
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] message) {
                answers.onNext(message);
            }

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onCompleted() {
                answers.onCompleted();
            }
        };
    }

    private void never(byte[] request, StreamObserver<byte[]> observer) {
        ((ServerCallStreamObserver<byte[]>) observer).setOnCancelHandler(cancelled::countDown);
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream message) {
            try {
                return message.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
