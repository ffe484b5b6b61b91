package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What Netty's SocketSslLargeCertificateTest is about, whose loops cannot be exchanged: handshakes
 * of many records, longer than a read.
 */
@Timeout(60)
class LargeCertificateTest {
    private static final int CHAIN_BYTES_MAX = 1 << 20;

    private static CertificateBuilder certificate(String subject) throws Exception {
        return new CertificateBuilder()
                .ecp256()
                .subject(subject)
                .setKeyUsage(
                        true,
                        CertificateBuilder.KeyUsage.digitalSignature,
                        CertificateBuilder.KeyUsage.keyCertSign);
    }

    private static SslContextBuilder common(
            SslContextBuilder builder, SslProvider provider, X509Bundle root) throws Exception {
        builder.sslProvider(provider).trustManager(root.toTrustManagerFactory());
        builder.protocols("TLSv1.3");
        return provider == SslProvider.OPENSSL
                ? builder.option(OpenSslContextOption.MAX_CERTIFICATE_LIST_BYTES, CHAIN_BYTES_MAX)
                : builder;
    }

    /** The JDK's engine takes no handshake message of more than 32 KiB. */
    @ParameterizedTest
    @CsvSource({"JDK, 24000", "OPENSSL, 24000", "OPENSSL, 200000"})
    void bothSidesShowACertificateOfManyRecords(SslProvider provider, int extensionBytes)
            throws Exception {
        Assumptions.assumeTrue(
                provider == SslProvider.JDK || OpenSsl.isAvailable(), "no native engine here");
        byte[] extension = new byte[extensionBytes];
        new Random(extensionBytes).nextBytes(extension);
        X509Bundle root = certificate("cn=root").setIsCertificateAuthority(true).buildSelfSigned();
        X509Bundle ofServer =
                certificate("cn=localhost")
                        .addExtendedKeyUsageServerAuth()
                        .addExtensionOctetString("1.2.840.113635.100.6.2.1", false, extension)
                        .buildIssuedBy(root);
        X509Bundle ofClient =
                certificate("cn=client")
                        .addExtendedKeyUsageClientAuth()
                        .addExtensionOctetString("1.2.840.113635.100.6.2.1", false, extension)
                        .buildIssuedBy(root);
        SslContext server =
                common(SslContextBuilder.forServer(ofServer.toKeyManagerFactory()), provider, root)
                        .clientAuth(ClientAuth.REQUIRE)
                        .build();
        SslContext client =
                common(SslContextBuilder.forClient(), provider, root)
                        .keyManager(ofClient.toKeyManagerFactory())
                        .endpointIdentificationAlgorithm(null)
                        .build();
        assertEquals("hello", echoed(server, client));
    }

    private static String echoed(SslContext ofServer, SslContext ofClient) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        try (Wire wire = new Wire(1, new ServerBootstrap(), () -> new Secured(ofServer))) {
            Channel client =
                    new Bootstrap()
                            .group(wire.group)
                            .channel(UringSocketChannel.class)
                            .handler(
                                    new ChannelInitializer<Channel>() {
                                        @Override
                                        protected void initChannel(Channel channel) {
                                            channel.pipeline()
                                                    .addLast(ofClient.newHandler(channel.alloc()))
                                                    .addLast(new Answer(answer));
                                        }
                                    })
                            .connect(wire.address())
                            .sync()
                            .channel();
            client.writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8));
            return answer.get(30, TimeUnit.SECONDS);
        }
    }

    /** Puts TLS and an echo in its place. */
    private static final class Secured extends ChannelInitializer<Channel> {
        private final SslContext context;

        Secured(SslContext context) {
            this.context = context;
        }

        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline()
                    .addLast(context.newHandler(channel.alloc()))
                    .addLast(new StreamLifetimeTest.Echo());
        }
    }

    private static final class Answer extends ChannelInboundHandlerAdapter {
        private final StringBuilder text = new StringBuilder();
        private final CompletableFuture<String> whole;

        Answer(CompletableFuture<String> whole) {
            this.whole = whole;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            text.append(bytes.toString(StandardCharsets.UTF_8));
            bytes.release();
            if (text.length() == 5) {
                whole.complete(text.toString());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            whole.completeExceptionally(new java.io.IOException("closed"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            whole.completeExceptionally(cause);
        }
    }
}
