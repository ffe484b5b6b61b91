package io.uring.netty;

import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The file that a listening unix socket is found by. It outlives the socket unless somebody deletes
 * it, and then prevents the next bind; so, as in Netty's own transports, a bind replaces it and a
 * close deletes it.
 *
 * @param key the inode: another server may have replaced the file since
 */
record SocketFile(Path path, @Nullable Object key) {
    /** Deletes what an earlier socket left there; files of other kinds stay, and the bind fails. */
    static void clear(SocketAddress address) throws IOException {
        Path path = path(address);
        BasicFileAttributes found = path == null ? null : attributes(path);
        if (path != null && found != null && found.isOther()) {
            Files.deleteIfExists(path);
        }
    }

    /** The file of a socket that was just bound to {@code address}; null if it has none. */
    static @Nullable SocketFile of(SocketAddress address) throws IOException {
        Path path = path(address);
        BasicFileAttributes found = path == null ? null : attributes(path);
        return path == null || found == null ? null : new SocketFile(path, found.fileKey());
    }

    /** Null for a name without a file: an abstract one, or one that the kernel is to choose. */
    private static @Nullable Path path(SocketAddress address) {
        String name =
                switch (address) {
                    case DomainSocketAddress unix -> unix.path();
                    case UnixDomainSocketAddress unix -> unix.getPath().toString();
                    default -> "";
                };
        return name.isEmpty() || name.charAt(0) == 0 ? null : Path.of(name);
    }

    private static @Nullable BasicFileAttributes attributes(Path path) throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** Unless it is another socket's by now. */
    void delete() throws IOException {
        BasicFileAttributes found = attributes(path);
        if (found != null && Objects.equals(found.fileKey(), key)) {
            Files.deleteIfExists(path);
        }
    }
}
