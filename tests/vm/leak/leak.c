// SPDX-License-Identifier: MIT OR GPL-2.0
/* Leaks the kernel's memory on command, in each of the ways that a broken driver does:
 *
 *   echo "KIND SIZE COUNT [A_SECOND]" >/sys/module/leak/parameters/run
 *
 * KIND is kmalloc, cache (kmem_cache "leaked_object"), vmalloc, percpu, thread or pages; SIZE is
 * that of one object in bytes (of a thread it is not used). COUNT objects are leaked at once, or so
 * many a second; COUNT 0: on and on until the OOM killer comes, then slowly for SQUEEZE_SECONDS, so
 * that it comes again and again, and then all is given back. "free" gives it back earlier. What was
 * done is read from the same file: "KIND OBJECTS [oom]".
 *
 * Objects are chained through their own first bytes: the leak costs nothing but what it leaks. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

struct object {
        struct object *next;
};

struct leak_kind {
        const char *name;
        struct object *(*leak)(size_t size);
        void (*give_back)(struct object *object, size_t size);
};

/* Steps of a leak with a rate: finer than the daemon's tick. */
enum { STEPS_A_SECOND = 10 };

/* Long enough to see who still works without memory; slow enough for a machine with some tens of
 * megabytes to lose. */
enum { SQUEEZE_SECONDS = 30, SQUEEZE_BYTES_A_SECOND = 1 << 20 };

static DEFINE_MUTEX(lock);
static const struct leak_kind *kind;
static struct object *objects;
static size_t object_size;
static unsigned long leaked, wanted, a_second;
static bool oom_came;
static struct task_struct *worker;
static struct kmem_cache *cache;

/* noinline, and the barrier against a tail call: /proc/vmallocinfo and /proc/allocinfo name the
 * function that asked. */
static noinline struct object *leak_kmalloc(size_t size)
{
        return kmalloc(size, GFP_KERNEL);
}

static void kmalloc_back(struct object *object, size_t size)
{
        kfree(object);
}

/* Caches with a constructor are not merged with others of their size. */
static void construct(void *object)
{
}

static noinline struct object *leak_cache(size_t size)
{
        if (!cache) {
                cache = kmem_cache_create("leaked_object", size, 0, 0, construct);
                if (!cache)
                        return NULL;
        }
        return kmem_cache_alloc(cache, GFP_KERNEL);
}

static void cache_back(struct object *object, size_t size)
{
        kmem_cache_free(cache, object);
}

static noinline struct object *leak_vmalloc(size_t size)
{
        struct object *object = vmalloc(size);

        barrier();
        return object;
}

static void vmalloc_back(struct object *object, size_t size)
{
        vfree(object);
}

/* The chain goes through the first possible CPU's copy. */
static struct object *first_copy(void __percpu *p)
{
        return per_cpu_ptr(p, cpumask_first(cpu_possible_mask));
}

struct percpu_object {
        struct object object;
        void __percpu *whole;
};

static noinline struct object *leak_percpu(size_t size)
{
        void __percpu *p = __alloc_percpu(size, sizeof(void *));
        struct percpu_object *first;

        if (!p)
                return NULL;
        first = (struct percpu_object *)first_copy(p);
        first->whole = p;
        return &first->object;
}

static void percpu_back(struct object *object, size_t size)
{
        free_percpu(container_of(object, struct percpu_object, object)->whole);
}

struct thread_object {
        struct object object;
        struct task_struct *task;
};

static int sleep_for_ever(void *unused)
{
        while (!kthread_should_stop()) {
                set_current_state(TASK_IDLE);
                if (!kthread_should_stop())
                        schedule();
                __set_current_state(TASK_RUNNING);
        }
        return 0;
}

static noinline struct object *leak_thread(size_t size)
{
        struct thread_object *thread = kmalloc(sizeof(*thread), GFP_KERNEL);

        if (!thread)
                return NULL;
        thread->task = kthread_run(sleep_for_ever, NULL, "leaker/%lu", leaked);
        if (IS_ERR(thread->task)) {
                kfree(thread);
                return NULL;
        }
        return &thread->object;
}

static void thread_back(struct object *object, size_t size)
{
        struct thread_object *thread = container_of(object, struct thread_object, object);

        kthread_stop(thread->task);
        kfree(thread);
}

static noinline struct object *leak_pages(size_t size)
{
        struct page *page = alloc_pages(GFP_KERNEL, get_order(size));

        return page ? page_address(page) : NULL;
}

static void pages_back(struct object *object, size_t size)
{
        free_pages((unsigned long)object, get_order(size));
}

static const struct leak_kind kinds[] = {
        { "kmalloc", leak_kmalloc, kmalloc_back }, { "cache", leak_cache, cache_back },
        { "vmalloc", leak_vmalloc, vmalloc_back }, { "percpu", leak_percpu, percpu_back },
        { "thread", leak_thread, thread_back },    { "pages", leak_pages, pages_back },
};

/* How many could be had. */
static unsigned long leak_some(unsigned long count)
{
        unsigned long done;

        for (done = 0; done < count; done++) {
                bool calm = !oom_came;
                struct object *object = kind->leak(object_size);

                if (!object)
                        break;
                object->next = objects;
                objects = object;
                leaked++;
                /* The OOM killer came in the middle: what is left of this step is for another rate.
                 */
                if (calm && oom_came)
                        break;
                if (done % 64 == 63)
                        cond_resched();
        }
        return done;
}

static void give_all_back(void)
{
        while (objects) {
                struct object *next = objects->next;

                kind->give_back(objects, object_size);
                objects = next;
                cond_resched();
        }
}

static unsigned long rate(void)
{
        return oom_came ? max(SQUEEZE_BYTES_A_SECOND / object_size, 1ul) : a_second;
}

static int work(void *unused)
{
        unsigned long owed = 0, end = 0;
        bool over = false;

        while (!kthread_should_stop()) {
                /* What is less than one object a step is carried on. */
                owed += rate();
                if (!over && (wanted == 0 || leaked < wanted))
                        leak_some(owed / STEPS_A_SECOND);
                owed %= STEPS_A_SECOND;
                if (oom_came && !end)
                        end = jiffies + SQUEEZE_SECONDS * HZ;
                if (end && !over && time_after(jiffies, end)) {
                        pr_warn("leak: gives back %lu objects\n", leaked);
                        give_all_back();
                        over = true;
                }
                msleep(1000 / STEPS_A_SECOND);
        }
        return 0;
}

static void stop_and_free(void)
{
        if (worker)
                kthread_stop(worker);
        worker = NULL;
        give_all_back();
        kmem_cache_destroy(cache);
        cache = NULL;
        kind = NULL;
        leaked = 0;
        oom_came = false;
}

static int start(const char *command)
{
        char name[16];
        size_t size;
        unsigned long count, rate = 0;
        size_t i;

        if (sscanf(command, "%15s %zu %lu %lu", name, &size, &count, &rate) < 3)
                return -EINVAL;
        /* Without end only at a rate: else nobody could stop it. */
        if (size < sizeof(struct percpu_object) || (count == 0 && rate == 0))
                return -EINVAL;
        if (kind)
                return -EBUSY;
        for (i = 0; i < ARRAY_SIZE(kinds); i++)
                if (!strcmp(kinds[i].name, name))
                        kind = &kinds[i];
        if (!kind)
                return -EINVAL;
        object_size = size;
        wanted = count;
        a_second = rate;
        if (rate == 0)
                return leak_some(count) == count ? 0 : -ENOMEM;
        worker = kthread_run(work, NULL, "leak_worker");
        if (!IS_ERR(worker))
                return 0;
        worker = NULL;
        kind = NULL;
        return -ENOMEM;
}

static int run_set(const char *value, const struct kernel_param *parameter)
{
        int r = 0;

        mutex_lock(&lock);
        if (sysfs_streq(value, "free"))
                stop_and_free();
        else
                r = start(value);
        mutex_unlock(&lock);
        return r;
}

static int run_get(char *buffer, const struct kernel_param *parameter)
{
        return sysfs_emit(buffer, "%s %lu%s\n", kind ? kind->name : "nothing", leaked,
                          oom_came ? " oom" : "");
}

static const struct kernel_param_ops run_ops = { .set = run_set, .get = run_get };
module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "KIND SIZE COUNT [A_SECOND], or free");

static int on_oom(struct notifier_block *block, unsigned long unused, void *freed)
{
        if (kind && !oom_came)
                pr_warn("leak: the OOM killer comes after %lu objects\n", leaked);
        oom_came = true;
        return NOTIFY_OK;
}

static struct notifier_block oom_block = { .notifier_call = on_oom };

static int __init leak_init(void)
{
        return register_oom_notifier(&oom_block);
}

static void __exit leak_exit(void)
{
        unregister_oom_notifier(&oom_block);
        stop_and_free();
}

module_init(leak_init);
module_exit(leak_exit);
MODULE_DESCRIPTION("Leaks memory on command, to test who notices");
MODULE_LICENSE("Dual MIT/GPL");
