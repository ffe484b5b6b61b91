package io.uring.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapFactory;
import io.netty.testsuite.transport.socket.SocketTestPermutation;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Our unix sockets as both sides of Netty's own tests: its NIO has other addresses for them. */
final class DomainCombos extends SocketTestPermutation {
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Path DIRECTORY = directory();

    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(
                    2,
                    new DefaultThreadFactory("uring-domain-suite", true),
                    UringIoHandler.newFactory());

    private static Path directory() {
        try {
            Path directory = Files.createTempDirectory("uring");
            directory.toFile().deleteOnExit();
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One that nobody has used. */
    static DomainSocketAddress newAddress() {
        Path file = DIRECTORY.resolve(Integer.toString(NUMBER.incrementAndGet()));
        file.toFile().deleteOnExit();
        return new DomainSocketAddress(file.toFile());
    }

    @Override
    public List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> socket() {
        return combo(serverSocket(), clientSocket());
    }

    @Override
    public List<BootstrapFactory<ServerBootstrap>> serverSocket() {
        return List.of(() ->
                new ServerBootstrap().group(group).channel(UringServerDomainSocketChannel.class));
    }

    @Override
    public List<BootstrapFactory<Bootstrap>> clientSocket() {
        return List.of(() -> new Bootstrap().group(group).channel(UringDomainSocketChannel.class));
    }
}
