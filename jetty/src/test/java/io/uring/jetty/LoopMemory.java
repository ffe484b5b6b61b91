package io.uring.jetty;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.EventLoop;
import io.uring.reactor.EventLoopGroup;
import java.lang.reflect.Field;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;

/** What the connections of a connector hold of its loops' memory. */
final class LoopMemory {
    private LoopMemory() {}

    static int lentBuffers(UringConnector connector) {
        return sum(connector, BufferGroup::outstanding);
    }

    static int chunksInUse(UringConnector connector) {
        return sum(connector, BufferGroup::chunksInUse);
    }

    static int pendingOperations(UringConnector connector) {
        return loops(connector).stream()
                .mapToInt(loop -> onLoop(loop, () -> loop.reactor().pendingOperations()))
                .sum();
    }

    static List<EventLoop> loops(UringConnector connector) {
        Object server = field(UringConnector.class, "loops", connector);
        if (server == null) {
            return List.of();
        }
        return ((EventLoopGroup) field(LoopServer.class, "loops", server)).loops();
    }

    private static int sum(UringConnector connector, ToIntFunction<BufferGroup> value) {
        return loops(connector).stream()
                .mapToInt(loop -> onLoop(loop, () -> value.applyAsInt(loop.reactor().buffers())))
                .sum();
    }

    private static int onLoop(EventLoop loop, java.util.function.IntSupplier value) {
        try {
            return CompletableFuture.supplyAsync(value::getAsInt, loop).get(5, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(loop + " does not answer", e);
        }
    }

    private static Object field(Class<?> type, String name, Object of) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field.get(of);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
