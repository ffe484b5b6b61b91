import io.uring.reactor.EventLoop;
import io.uring.reactor.Operation;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.ControlOps;
import io.uring.ring.Cqe;
import io.uring.ring.Descriptor;
import io.uring.ring.EventFd;
import io.uring.ring.MessageOps;
import io.uring.ring.Sqe;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/**
 * What it costs one loop to give accepted sockets to another: a task in the other's queue with a
 * wake-up when it sleeps (what Acceptor does), or a message of the one ring to the other
 * (MSG_RING) for each socket. In each round the first loop gives a burst and the second answers
 * once, in the same way; both fall asleep in between. CPU is that of the two threads.
 *
 * <pre>
 * java --enable-native-access=ALL-UNNAMED -cp ring/target/classes:reactor/target/classes bench/HandOver.java
 * </pre>
 *
 * With {@code -Dio.uring.mask=send_msg_ring} wakes go through an eventfd, as before kernel 6.13.
 */
public final class HandOver {
    private static final int ROUNDS = 30_000;
    private static final int REPEATS = 5;

    private interface Way {
        void give(int number);
    }

    /** One loop and what comes to it. */
    private static final class End {
        final EventLoop loop = EventLoop.start(ReactorConfig.defaults());
        final Inbox inbox = new Inbox(this);
        final ArrayDeque<Message> messages = new ArrayDeque<>();
        long threadId;
        End other;
        Runnable whenBurst = () -> {};
        int expected;
        int seen;

        void received(int number) {
            if (++seen == expected) {
                seen = 0;
                whenBurst.run();
            }
        }

        void giveTask(int number) {
            other.loop.execute(() -> other.received(number));
        }

        void giveMessage(int number) {
            Message message = messages.pollFirst();
            loop.reactor().submit((message == null ? new Message(this) : message).of(number));
        }
    }

    /** A slot in the table of operations that messages can name: an operation that never ends. */
    private static final class Inbox extends Operation {
        final End end;
        final EventFd never;
        long target;

        Inbox(End end) {
            this.end = end;
            this.never = EventFd.open(end.loop.reactor().ring());
        }

        void open() {
            // The first operations of a loop have the first slots, in their first generation.
            target = 1L << Integer.SIZE | end.loop.reactor().pendingOperations();
            end.loop.reactor().submit(this);
        }

        @Override
        protected void prepare(Sqe entry) {
            never.prepareRead(entry);
        }

        @Override
        protected void complete(int result, int flags) {
            if ((flags & Cqe.F_MORE) != 0) {
                end.received(result);
            }
        }
    }

    private static final class Message extends Operation {
        private final End from;
        private int number;

        Message(End from) {
            this.from = from;
        }

        Message of(int value) {
            number = value;
            return this;
        }

        @Override
        protected void prepare(Sqe sqe) {
            End to = from.other;
            Descriptor ring = Descriptor.of(to.loop.reactor().ring().fd());
            MessageOps.send(sqe, ring, to.inbox.target, number, Cqe.F_MORE);
        }

        @Override
        protected void complete(int result, int flags) {
            from.messages.addLast(this);
        }
    }

    private HandOver() {}

    public static void main(String[] arguments) throws Exception {
        End source = new End();
        End target = new End();
        source.other = target;
        target.other = source;
        for (End end : new End[] {source, target}) {
            call(end, () -> {
                end.inbox.open();
                end.threadId = Thread.currentThread().threadId();
            });
        }
        for (int burst : new int[] {1, 4, 16}) {
            double[] task = new double[REPEATS];
            double[] message = new double[REPEATS];
            double[] taskWall = new double[REPEATS];
            double[] messageWall = new double[REPEATS];
            for (int i = -2; i < REPEATS; i++) { // two to warm up, and in turns
                double[] one = measure(source, target, burst, source::giveTask, target::giveTask);
                double[] two =
                        measure(source, target, burst, source::giveMessage, target::giveMessage);
                if (i >= 0) {
                    task[i] = one[0];
                    message[i] = two[0];
                    taskWall[i] = one[1];
                    messageWall[i] = two[1];
                }
            }
            System.out.printf(
                    "burst %2d: task %6.2f us CPU, %6.2f us a round; message %6.2f us CPU, %6.2f us a round%n",
                    burst, median(task), median(taskWall), median(message), median(messageWall));
        }
        source.loop.close();
        target.loop.close();
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private static void call(End end, Runnable task) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        end.loop.execute(() -> {
            task.run();
            done.complete(null);
        });
        done.join();
    }

    private static double[] measure(End source, End target, int burst, Way there, Way back) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        int[] left = {ROUNDS};
        Runnable round =
                () -> {
                    if (left[0]-- == 0) {
                        done.complete(null);
                        return;
                    }
                    for (int i = 0; i < burst; i++) {
                        there.give(i);
                    }
                };
        call(target, () -> {
            target.expected = burst;
            target.whenBurst = () -> back.give(0);
        });
        call(source, () -> {
            source.expected = 1;
            source.whenBurst = round;
        });
        long cpu = cpu(threads, source, target);
        long start = System.nanoTime();
        source.loop.execute(round);
        done.join();
        double rounds = 1000.0 * ROUNDS;
        return new double[] {
            (cpu(threads, source, target) - cpu) / rounds, (System.nanoTime() - start) / rounds
        };
    }

    private static long cpu(ThreadMXBean threads, End source, End target) {
        return threads.getThreadCpuTime(source.threadId) + threads.getThreadCpuTime(target.threadId);
    }
}
