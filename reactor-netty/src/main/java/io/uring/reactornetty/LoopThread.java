package io.uring.reactornetty;

import io.netty.util.concurrent.FastThreadLocalThread;
import reactor.core.scheduler.NonBlocking;

/** A thread on which {@code Mono.block()} is an error instead of a standstill. */
final class LoopThread extends FastThreadLocalThread implements NonBlocking {
    LoopThread(Runnable task, String name, boolean daemon) {
        super(task, name);
        setDaemon(daemon);
    }
}
