package io.uring.netty;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import io.netty.util.concurrent.ThreadAwareExecutor;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.Ring;
import io.uring.ring.RingException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;

/**
 * The I/O of one event loop, on one ring. One turn of the loop is one {@code io_uring_enter}, which
 * submits what all its channels have asked for and waits, no longer than until the next scheduled
 * task. Kernel 5.7; from 6.1 on it is at its best.
 *
 * <pre>{@code
 * EventLoopGroup group = new MultiThreadIoEventLoopGroup(UringIoHandler.newFactory());
 * new ServerBootstrap()
 *         .group(group)
 *         .channel(UringServerSocketChannel.class)
 *         .childHandler(new MyInitializer())
 *         .bind(8080);
 * }</pre>
 */
public final class UringIoHandler implements IoHandler {
    private final ReactorConfig config;
    private final ThreadAwareExecutor executor;
    private final Reactor reactor;
    private final IdentityHashMap<UringIoHandle, UringRegistration> registrations =
            new IdentityHashMap<>();
    private int handled;
    private boolean shuttingDown;

    private UringIoHandler(ReactorConfig config, ThreadAwareExecutor executor) {
        this.config = config;
        this.executor = executor;
        this.reactor = new Reactor(config); // the ring is enabled by the thread that uses it
    }

    /**
     * Loops with {@link ReactorConfig#defaults}.
     *
     * @throws io.uring.ring.UnavailableException when io_uring cannot be used, with errno and
     *     remedy
     */
    public static IoHandlerFactory newFactory() {
        return newFactory(ReactorConfig.defaults());
    }

    /** As above, with limits of your own: buffers, operations, what the loop does when idle. */
    public static IoHandlerFactory newFactory(ReactorConfig config) {
        Objects.requireNonNull(config, "config");
        Uring.ensureAvailability();
        // A ring has one submitting thread, so a loop that slept cannot go on in another one, which
        // is what isChangingThreadSupported says by default.
        return executor -> new UringIoHandler(config, executor);
    }

    /** What the channels of this loop run on; its counters may be read by any thread. */
    public Reactor reactor() {
        return reactor;
    }

    @Override
    public void initialize() {
        reactor.start();
        // A shutdown without a quiet period may end the loop and ask for no preparation. Its hooks
        // run while it still takes tasks, which the ends of channels are.
        if (executor instanceof SingleThreadEventExecutor loop) {
            loop.addShutdownHook(this::prepareToDestroy);
        }
    }

    @Override
    public int run(IoHandlerContext context) {
        handled = 0;
        try {
            reactor.runBeforeSubmit(); // which may bring tasks and deadlines
            reactor.poll(timeoutNanos(context));
        } catch (RingException e) {
            lose(e);
            throw e; // ends the loop
        }
        if (context.shouldReportActiveIoTime()) {
            context.reportActiveIoTime(System.nanoTime() - reactor.now());
        }
        return handled;
    }

    private static long timeoutNanos(IoHandlerContext context) {
        if (!context.canBlock()) {
            return 0;
        }
        if (context.deadlineNanos() == -1) {
            return Ring.FOREVER;
        }
        return Math.max(0, context.delayNanos(System.nanoTime()));
    }

    /** A channel had a completion. */
    void handled() {
        handled++;
    }

    @Override
    public void wakeup() {
        if (!reactor.inLoop()) {
            reactor.wakeup();
        }
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return UringIoHandle.class.isAssignableFrom(handleType);
    }

    @Override
    public IoRegistration register(IoHandle handle) {
        if (!(handle instanceof UringIoHandle ours)) {
            throw new IllegalArgumentException(
                    handle.getClass().getName() + " is not of this transport");
        }
        if (shuttingDown || reactor.hasFailed()) {
            throw new IllegalStateException("the event loop is shutting down");
        }
        UringRegistration registration = new UringRegistration(this, ours);
        registrations.put(ours, registration);
        ours.registered();
        return registration;
    }

    UringRegistration registrationOf(UringIoHandle handle) {
        return Objects.requireNonNull(registrations.get(handle));
    }

    void remove(UringRegistration registration) {
        registrations.remove(registration.handle());
    }

    /** Closes all channels, and waits for their operations while the loop still takes tasks. */
    @Override
    public void prepareToDestroy() {
        if (shuttingDown || reactor.hasFailed()) {
            return;
        }
        shuttingDown = true;
        for (UringRegistration registration : all()) {
            registration.handle().close();
        }
        drain();
    }

    private void drain() {
        long deadline = System.nanoTime() + config.drainNanos();
        while (isBusy()) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return; // the reactor leaks and tells what is left
            }
            try {
                reactor.poll(left);
            } catch (RingException e) {
                lose(e);
                return;
            }
        }
    }

    private boolean isBusy() {
        for (UringIoHandle handle : registrations.keySet()) {
            if (handle.isBusy()) {
                return true;
            }
        }
        return false;
    }

    private void lose(RingException cause) {
        for (UringRegistration registration : all()) {
            registration.handle().lost(cause);
        }
    }

    private List<UringRegistration> all() {
        return new ArrayList<>(registrations.values());
    }

    @Override
    public void destroy() {
        prepareToDestroy(); // a loop of another kind may not have
        reactor.close();
    }
}
