/** Kernel parameters that decide what others may do to this machine, and on it. */
import type { Collector } from './look-session.ts';
import { Gathering, readValue, wordsOf } from './reading.ts';

const KINDS = ['kernel_parameter'] as const;

const PARAMETERS = `
  dev.tty.ldisc_autoload fs.protected_fifos fs.protected_hardlinks fs.protected_regular fs.protected_symlinks
  fs.suid_dumpable kernel.core_pattern kernel.core_uses_pid kernel.dmesg_restrict kernel.kexec_load_disabled
  kernel.kptr_restrict kernel.modprobe kernel.modules_disabled kernel.panic kernel.panic_on_oops
  kernel.perf_event_paranoid kernel.pid_max kernel.randomize_va_space kernel.sysrq
  kernel.unprivileged_bpf_disabled kernel.unprivileged_userns_clone kernel.yama.ptrace_scope
  net.core.bpf_jit_harden net.core.somaxconn net.ipv4.conf.all.accept_redirects
  net.ipv4.conf.all.accept_source_route net.ipv4.conf.all.forwarding net.ipv4.conf.all.log_martians
  net.ipv4.conf.all.rp_filter net.ipv4.conf.all.secure_redirects net.ipv4.conf.all.send_redirects
  net.ipv4.conf.default.accept_redirects net.ipv4.conf.default.accept_source_route
  net.ipv4.conf.default.rp_filter net.ipv4.conf.default.send_redirects
  net.ipv4.icmp_echo_ignore_broadcasts net.ipv4.icmp_ignore_bogus_error_responses net.ipv4.ip_forward
  net.ipv4.ip_local_port_range net.ipv4.ip_unprivileged_port_start net.ipv4.tcp_rfc1337
  net.ipv4.tcp_syncookies net.ipv4.tcp_timestamps net.ipv6.conf.all.accept_ra
  net.ipv6.conf.all.accept_redirects net.ipv6.conf.all.accept_source_route
  net.ipv6.conf.all.disable_ipv6 net.ipv6.conf.all.forwarding net.ipv6.conf.default.accept_ra
  net.ipv6.conf.default.accept_redirects user.max_user_namespaces vm.mmap_min_addr
  vm.mmap_rnd_bits vm.overcommit_memory vm.panic_on_oom vm.swappiness vm.unprivileged_userfaultfd`
  .trim()
  .split(/\s+/);

export const kernelParametersCollector: Collector = {
  name: 'kernel-parameters',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    for (const name of PARAMETERS) {
      const value = await readValue(session, `/proc/sys/${name.replaceAll('.', '/')}`);
      if (value !== undefined)
        seen.add('kernel_parameter', name, { value: wordsOf(value).join(' ') });
    }
    return seen.end(KINDS);
  },
};
