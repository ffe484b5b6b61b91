package io.uring.grpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.NoBufferLeaks;
import io.uring.testkit.NothingLeft;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Connections of other kinds than {@link CallsTest}'s: TLS, unix sockets. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@ExtendWith({NothingLeft.class, NoBufferLeaks.class})
class ConnectionsTest {
    private static final int CALLS = 100;

    @TempDir Path directory;

    private final UringGrpc uring = UringGrpc.create(2, ReactorConfig.defaults());
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final Connection connection = new Connection();
    private Server server;

    @AfterEach
    void stop() throws Exception {
        for (ManagedChannel channel : channels) {
            assertTrue(channel.shutdownNow().awaitTermination(30, TimeUnit.SECONDS));
        }
        assertTrue(server.shutdownNow().awaitTermination(30, TimeUnit.SECONDS));
        uring.close();
    }

    private void start(NettyServerBuilder builder) throws Exception {
        server =
                builder.addService(new Echo(CALLS).service()).intercept(connection).build().start();
    }

    private ManagedChannel open(NettyChannelBuilder builder) {
        ManagedChannel channel = builder.build();
        channels.add(channel);
        return channel;
    }

    /** What the server knows of the connection of the last call. */
    private static final class Connection implements ServerInterceptor {
        volatile io.grpc.Attributes last;

        @Override
        public <A, B> ServerCall.Listener<A> interceptCall(
                ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
            last = call.getAttributes();
            return next.startCall(call, headers);
        }
    }

    private static byte[] random(int bytes) {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        return data;
    }

    private static void assertCalls(ManagedChannel channel) throws Exception {
        List<Future<byte[]>> answers = new ArrayList<>();
        for (int i = 1; i <= CALLS; i++) {
            answers.add(
                    ClientCalls.futureUnaryCall(
                            channel.newCall(Echo.UNARY, CallOptions.DEFAULT), random(i * 1000)));
        }
        for (int i = 1; i <= CALLS; i++) {
            assertArrayEquals(random(i * 1000), answers.get(i - 1).get(60, TimeUnit.SECONDS));
        }
        Iterator<byte[]> stream =
                ClientCalls.blockingServerStreamingCall(
                        channel, Echo.REPEAT, CallOptions.DEFAULT, random(10_000));
        for (int i = 0; i < CALLS; i++) {
            assertArrayEquals(random(10_000), stream.next());
        }
        assertFalse(stream.hasNext());
    }

    private NettyServerBuilder tcp(ServerCredentials credentials) {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return uring.configure(NettyServerBuilder.forAddress(address, credentials));
    }

    private NettyChannelBuilder tcp(ChannelCredentials credentials) {
        return uring.configure(
                        NettyChannelBuilder.forAddress("127.0.0.1", server.getPort(), credentials))
                .overrideAuthority("localhost");
    }

    private static X509Bundle certificate() throws Exception {
        return new CertificateBuilder()
                .subject("CN=localhost")
                .addSanDnsName("localhost")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    private static ServerCredentials serverTls(X509Bundle certificate) throws Exception {
        return TlsServerCredentials.create(
                certificate.toTempCertChainPem(), certificate.toTempPrivateKeyPem());
    }

    private static ChannelCredentials trusting(X509Bundle certificate) throws Exception {
        return TlsChannelCredentials.newBuilder()
                .trustManager(certificate.toTempRootCertPem())
                .build();
    }

    @Test
    void callsGoOverTls() throws Exception {
        X509Bundle certificate = certificate();
        start(tcp(serverTls(certificate)));
        assertCalls(open(tcp(trusting(certificate))));
        SSLSession session = connection.last.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        assertEquals("TLSv1.3", session.getProtocol());
    }

    @Test
    void aServerOfAnotherCertificateIsNotTrusted() throws Exception {
        start(tcp(serverTls(certificate())));
        ManagedChannel channel = open(tcp(trusting(certificate())));
        var failure =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                ClientCalls.blockingUnaryCall(
                                        channel, Echo.UNARY, CallOptions.DEFAULT, random(1)));
        assertEquals(Status.Code.UNAVAILABLE, failure.getStatus().getCode());
        assertInstanceOf(javax.net.ssl.SSLException.class, failure.getCause());
    }

    @Test
    void callsGoOverUnixSockets() throws Exception {
        Path file = directory.resolve("socket");
        var address = new DomainSocketAddress(file.toString());
        start(uring.configureUnix(NettyServerBuilder.forAddress(address)));
        var target = NettyChannelBuilder.forAddress(address);
        assertCalls(open(uring.configureUnix(target).usePlaintext()));
        assertEquals(address, connection.last.get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR));
        server.shutdownNow().awaitTermination(30, TimeUnit.SECONDS);
        assertFalse(Files.exists(file));
    }
}
