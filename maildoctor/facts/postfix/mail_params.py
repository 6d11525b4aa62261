"""The parameters of Postfix, each with its kind and default by release. Written by release/postfix_parameters.py from
the source of Postfix (global/mail_params.h and the tables of the programs); not to be edited.

A line: name, kind, first release of this line (empty: 2.6 and earlier), least, greatest, default, separated by tabs.
Kinds: s text, r text that is not expanded, f text that the host decides, b yes or no, c yes or no by an expression,
i number, l large number, n number by an expression, t time; `-`: removed with that release. The lines with `=` tell
which macro of the build sets a default, those with `@` which programs read a parameter, by their folders in the
source; `global`: all of them."""
# ruff: noqa: E501

TABLE = r"""
2bounce_notice_recipient	s		1		postmaster
2bounce_notice_recipient	@	bounce
access_map_defer_code	i				450
access_map_defer_code	@	smtpd
access_map_reject_code	i				554
access_map_reject_code	@	smtpd
address_verify_cache_cleanup_interval	t	2.7.0			12h
address_verify_cache_cleanup_interval	@	verify
address_verify_default_transport	s		1		$default_transport
address_verify_default_transport	@	trivial-rewrite
address_verify_local_transport	s		1		$local_transport
address_verify_local_transport	@	trivial-rewrite
address_verify_map	s
address_verify_map	s	2.7.0			btree:$data_directory/verify_cache
address_verify_map	s	3.11.0			$default_cache_db_type:$data_directory/verify_cache
address_verify_map	@	proxymap,verify
address_verify_negative_cache	b				yes
address_verify_negative_cache	@	global
address_verify_negative_expire_time	t		1		3d
address_verify_negative_expire_time	@	verify
address_verify_negative_refresh_time	t		1		3h
address_verify_negative_refresh_time	@	verify
address_verify_pending_request_limit	i	3.1.0	1		5000
address_verify_pending_request_limit	@	oqmgr,qmgr
address_verify_poll_count	i		1		3
address_verify_poll_count	n	2.6.6	1		${stress?1}${stress:3}
address_verify_poll_count	n	3.0.0	1		${stress?{1}:{3}}
address_verify_poll_count	@	smtpd
address_verify_poll_delay	t		1		3s
address_verify_poll_delay	@	smtpd
address_verify_positive_expire_time	t		1		31d
address_verify_positive_expire_time	@	verify
address_verify_positive_refresh_time	t		1		7d
address_verify_positive_refresh_time	@	verify
address_verify_relay_transport	s		1		$relay_transport
address_verify_relay_transport	@	trivial-rewrite
address_verify_relayhost	s				$relayhost
address_verify_relayhost	@	trivial-rewrite
address_verify_sender	s				$double_bounce_sender
address_verify_sender	@	smtpd,verify
address_verify_sender_dependent_default_transport_maps	s	2.7.0			$sender_dependent_default_transport_maps
address_verify_sender_dependent_default_transport_maps	@	trivial-rewrite
address_verify_sender_dependent_relayhost_maps	s				$sender_dependent_relayhost_maps
address_verify_sender_dependent_relayhost_maps	@	trivial-rewrite
address_verify_sender_ttl	t	2.9.0			0s
address_verify_sender_ttl	@	smtpd,verify
address_verify_service_name	s		1		verify
address_verify_service_name	@	global
address_verify_transport_maps	s				$transport_maps
address_verify_transport_maps	@	trivial-rewrite
address_verify_virtual_transport	s		1		$virtual_transport
address_verify_virtual_transport	@	trivial-rewrite
alias_database	s				hash:/etc/aliases
alias_database	s	3.11.0			$default_database_type:/etc/aliases
alias_database	@	global
alias_maps	s				hash:/etc/aliases, nis:mail.aliases
alias_maps	s	3.11.0			$default_database_type:/etc/aliases, nis:mail.aliases
alias_maps	@	local,proxymap,smtpd
allow_mail_to_commands	s				alias, forward
allow_mail_to_commands	@	local
allow_mail_to_files	s				alias, forward
allow_mail_to_files	@	local
allow_min_user	b				no
allow_min_user	@	trivial-rewrite
allow_percent_hack	b				yes
allow_percent_hack	@	trivial-rewrite
allow_srv_lookup_fallback	b	3.8.0			no
allow_srv_lookup_fallback	@	smtp
allow_untrusted_routing	b				no
allow_untrusted_routing	@	smtpd
alternate_config_directories	s
alternate_config_directories	@	global
always_add_missing_headers	b				no
always_add_missing_headers	@	cleanup
always_bcc	s
always_bcc	@	cleanup
anvil_rate_time_unit	t		1		60s
anvil_rate_time_unit	@	anvil
anvil_status_update_time	t		1		600s
anvil_status_update_time	@	anvil
append_at_myorigin	b				yes
append_at_myorigin	@	trivial-rewrite
append_dot_mydomain	b				yes
append_dot_mydomain	c	3.0.0			${{$compatibility_level} < {1} ? {yes} : {no}}
append_dot_mydomain	c	3.6.0			${{$compatibility_level} <level {1} ? {yes} : {no}}
append_dot_mydomain	@	trivial-rewrite
application_event_drain_time	t		1		100s
application_event_drain_time	@	global
authorized_flush_users	s				static:anyone
authorized_flush_users	@	postqueue
authorized_mailq_users	s				static:anyone
authorized_mailq_users	@	postqueue
authorized_submit_users	s				static:anyone
authorized_submit_users	@	postdrop,sendmail
backwards_bounce_logfile_compatibility	b				yes
backwards_bounce_logfile_compatibility	@	global
berkeley_db_create_buffer_size	i		1		16777216
berkeley_db_create_buffer_size	@	global
berkeley_db_read_buffer_size	i		1		131072
berkeley_db_read_buffer_size	@	global
best_mx_transport	s
best_mx_transport	@	smtp
biff	b				yes
biff	@	local
body_checks	s
body_checks	@	cleanup
body_checks_size_limit	i				51200
body_checks_size_limit	@	cleanup
bounce_notice_recipient	s		1		postmaster
bounce_notice_recipient	@	bounce,smtpd
bounce_queue_lifetime	t			8640000	5d
bounce_queue_lifetime	@	oqmgr,qmgr
bounce_service_name	s		1		bounce
bounce_service_name	@	global
bounce_size_limit	i		1		50000
bounce_size_limit	@	bounce
bounce_template_file	s
bounce_template_file	@	bounce
broken_sasl_auth_clients	b				no
broken_sasl_auth_clients	@	smtpd
canonical_classes	s		1		envelope_sender, envelope_recipient, header_sender, header_recipient
canonical_classes	@	cleanup
canonical_maps	s
canonical_maps	@	cleanup,proxymap,smtpd
cleanup_replace_stray_cr_lf	b	3.5.24			yes
cleanup_replace_stray_cr_lf	-	3.6.0
cleanup_replace_stray_cr_lf	b	3.6.14			yes
cleanup_replace_stray_cr_lf	-	3.7.0
cleanup_replace_stray_cr_lf	b	3.7.10			yes
cleanup_replace_stray_cr_lf	-	3.8.0
cleanup_replace_stray_cr_lf	b	3.8.5			yes
cleanup_replace_stray_cr_lf	@	cleanup
cleanup_service_name	s		1		cleanup
cleanup_service_name	@	global
command_directory	s		1		/usr/sbin
command_directory	@	global
command_execution_directory	r
command_execution_directory	@	local
command_expansion_filter	s		1		1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ
command_expansion_filter	@	local
command_time_limit	t		1		1000s
command_time_limit	@	local,pipe,spawn
compatibility_level	i	3.0.0			0
compatibility_level	s	3.6.0			0
compatibility_level	@	global
config_directory	s		1		/etc/postfix
config_directory	@	global
confirm_delay_cleared	b	3.0.0			no
confirm_delay_cleared	@	oqmgr,qmgr
connection_cache_protocol_timeout	t		1		5s
connection_cache_protocol_timeout	@	smtp
connection_cache_service_name	s		1		scache
connection_cache_service_name	@	smtp
connection_cache_status_update_time	t		1		600s
connection_cache_status_update_time	@	scache
connection_cache_ttl_limit	t		1		2s
connection_cache_ttl_limit	@	scache
content_filter	s
content_filter	@	pickup,qmqpd,smtpd
cyrus_sasl_config_path	s
cyrus_sasl_config_path	@	smtp,smtpd
daemon_directory	s		1		/usr/libexec/postfix
daemon_directory	@	global
daemon_table_open_error_is_fatal	b	2.9.0			no
daemon_table_open_error_is_fatal	@	global
daemon_timeout	t		1		18000s
daemon_timeout	@	global
data_directory	s		1		/var/lib/postfix
data_directory	@	global
debug_peer_level	i		1		2
debug_peer_level	@	global
debug_peer_list	s
debug_peer_list	@	global
debugger_command	s
debugger_command	@	global
default_cache_db_type	s	3.11.0	1		btree
default_cache_db_type	@	global
default_database_type	s		1		hash
default_database_type	@	global
default_delivery_slot_cost	i				5
default_delivery_slot_cost	@	qmgr
default_delivery_slot_discount	i			100	50
default_delivery_slot_discount	@	qmgr
default_delivery_slot_loan	i				3
default_delivery_slot_loan	@	qmgr
default_delivery_status_filter	s	3.0.0
default_delivery_status_filter	@	global
default_destination_concurrency_failed_cohort_limit	i				1
default_destination_concurrency_failed_cohort_limit	@	oqmgr,qmgr
default_destination_concurrency_limit	i				20
default_destination_concurrency_limit	@	oqmgr,qmgr
default_destination_concurrency_negative_feedback	s		1		1
default_destination_concurrency_negative_feedback	@	oqmgr,qmgr
default_destination_concurrency_positive_feedback	s		1		1
default_destination_concurrency_positive_feedback	@	oqmgr,qmgr
default_destination_rate_delay	t				0s
default_destination_rate_delay	@	oqmgr,qmgr
default_destination_recipient_limit	i				50
default_destination_recipient_limit	@	oqmgr,qmgr
default_extra_recipient_limit	i				1000
default_extra_recipient_limit	@	qmgr
default_filter_nexthop	s	2.7.0
default_filter_nexthop	@	oqmgr,qmgr
default_minimum_delivery_slots	i				3
default_minimum_delivery_slots	@	qmgr
default_privs	s		1		nobody
default_privs	@	global
default_process_limit	i		1		100
default_process_limit	@	global,master,oqmgr,postscreen,qmgr
default_rbl_reply	r		1		$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked using $rbl_domain${rbl_reason?; $rbl_reason}
default_rbl_reply	@	smtpd
default_recipient_limit	i				20000
default_recipient_limit	@	qmgr
default_recipient_refill_delay	t		1		5s
default_recipient_refill_delay	@	qmgr
default_recipient_refill_limit	i		1		100
default_recipient_refill_limit	@	qmgr
default_transport	s		1		smtp
default_transport	@	trivial-rewrite
default_transport_rate_delay	t	3.1.0			0s
default_transport_rate_delay	@	oqmgr,qmgr
default_verp_delimiters	s		2	2	+=
default_verp_delimiters	@	global
defer_code	i				450
defer_code	@	smtpd
defer_service_name	s		1		defer
defer_service_name	@	global
defer_transports	s
defer_transports	@	oqmgr,qmgr
delay_logging_resolution_limit	i			6	2
delay_logging_resolution_limit	@	global
delay_notice_recipient	s		1		postmaster
delay_notice_recipient	@	bounce
delay_warning_time	t				0h
delay_warning_time	@	bounce,cleanup
deliver_lock_attempts	i		1		20
deliver_lock_attempts	@	global
deliver_lock_delay	t		1		1s
deliver_lock_delay	@	global
destination_concurrency_feedback_debug	b				no
destination_concurrency_feedback_debug	@	oqmgr,qmgr
detect_8bit_encoding_header	b				yes
detect_8bit_encoding_header	@	cleanup
disable_dns_lookups	b				no
disable_dns_lookups	@	global
disable_mime_input_processing	b				no
disable_mime_input_processing	@	global
disable_mime_output_conversion	b				no
disable_mime_output_conversion	@	global
disable_verp_bounces	b				no
disable_verp_bounces	@	cleanup,oqmgr,qmgr
disable_vrfy_command	b				no
disable_vrfy_command	@	postscreen,smtpd
dns_ncache_ttl_fix_enable	b	3.1.0			no
dns_ncache_ttl_fix_enable	@	global
dnsblog_reply_delay	t	2.8.0			0s
dnsblog_reply_delay	@	dnsblog
dnsblog_service_name	s	2.8.0	1		dnsblog
dnsblog_service_name	@	postscreen
dnssec_probe	s	3.2.21			ns:.
dnssec_probe	-	3.3.0
dnssec_probe	s	3.3.16			ns:.
dnssec_probe	-	3.4.0
dnssec_probe	s	3.4.19			ns:.
dnssec_probe	-	3.5.0
dnssec_probe	s	3.5.9			ns:.
dnssec_probe	@	global
dont_remove	i				0
dont_remove	@	global
double_bounce_sender	s		1		double-bounce
double_bounce_sender	@	global
duplicate_filter_limit	i				1000
duplicate_filter_limit	@	cleanup,local,showq
empty_address_default_transport_maps_lookup_key	s	2.7.0	1		<>
empty_address_default_transport_maps_lookup_key	@	trivial-rewrite
empty_address_local_login_sender_maps_lookup_key	s	3.6.0			<>
empty_address_local_login_sender_maps_lookup_key	@	postdrop
empty_address_recipient	s		1		MAILER-DAEMON
empty_address_recipient	@	cleanup,showq,trivial-rewrite
empty_address_relayhost_maps_lookup_key	s		1		<>
empty_address_relayhost_maps_lookup_key	@	trivial-rewrite
enable_idna2003_compatibility	c	3.2.0			no
enable_idna2003_compatibility	@	global
enable_long_queue_ids	b	2.9.0			no
enable_long_queue_ids	@	global
enable_original_recipient	b				yes
enable_original_recipient	@	cleanup,global
enable_threaded_bounces	c	3.6.0			no
enable_threaded_bounces	@	bounce
error_notice_recipient	s		1		postmaster
error_notice_recipient	@	smtp,smtpd
error_service_name	s		1		error
error_service_name	@	global
execution_directory_expansion_filter	s		1		1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ
execution_directory_expansion_filter	@	local
expand_owner_alias	b				no
expand_owner_alias	@	local
export_environment	s				TZ MAIL_CONFIG LANG
export_environment	@	global
fallback_transport	s
fallback_transport	@	local
fallback_transport_maps	s
fallback_transport_maps	@	local
fast_flush_domains	s				$relay_domains
fast_flush_domains	@	global
fast_flush_purge_time	t		1		7d
fast_flush_purge_time	@	flush
fast_flush_refresh_time	t		1		12h
fast_flush_refresh_time	@	flush
fault_injection_code	i				0
fault_injection_code	@	global
flush_service_name	s		1		flush
flush_service_name	@	global
force_mime_input_conversion	b	3.9.0			no
force_mime_input_conversion	@	cleanup
fork_attempts	i		1		5
fork_attempts	@	global
fork_delay	t		1		1s
fork_delay	@	global
forward_expansion_filter	s		1		1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ
forward_expansion_filter	@	local
forward_path	r				$home/.forward${recipient_delimiter}${extension}, $home/.forward
forward_path	@	local
frozen_delivered_to	b				yes
frozen_delivered_to	@	local
full_name_encoding_charset	s	3.10.0	1		utf-8
full_name_encoding_charset	@	cleanup
hash_queue_depth	i		1		1
hash_queue_depth	@	global
hash_queue_names	s		1		deferred, defer
hash_queue_names	@	global
header_address_token_limit	i		1		10240
header_address_token_limit	@	global
header_checks	s
header_checks	@	cleanup
header_from_format	s	3.3.0	1		standard
header_from_format	@	bounce,cleanup,smtp,smtpd
header_size_limit	i		1		102400
header_size_limit	@	global
helpful_warnings	b				yes
helpful_warnings	@	global
home_mailbox	s
home_mailbox	@	local
hopcount_limit	i		1		50
hopcount_limit	@	cleanup
html_directory	s		1		no
html_directory	@	postfix
ignore_mx_lookup_error	b				no
ignore_mx_lookup_error	@	smtp
ignore_srv_lookup_error	b	3.8.0			no
ignore_srv_lookup_error	@	smtp
import_environment	s				MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C
import_environment	s	3.4.0			MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME
import_environment	s	3.11.0			MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME XDG_RUNTIME_DIR
import_environment	@	global
in_flow_delay	t			10	1s
in_flow_delay	@	global
inet_interfaces	s		1		all
inet_interfaces	s	2.9.0			all
inet_interfaces	@	global
inet_protocols	s		1		ipv4
inet_protocols	s	2.9.0			all
inet_protocols	@	global,master
info_log_address_format	s	3.5.0	1		external
info_log_address_format	@	global
initial_destination_concurrency	i		1		5
initial_destination_concurrency	@	oqmgr,qmgr
internal_mail_filter_classes	s
internal_mail_filter_classes	@	global
invalid_hostname_reject_code	i				501
invalid_hostname_reject_code	@	smtpd
ipc_idle	t		1		5s
ipc_idle	@	global
ipc_timeout	t		1		3600s
ipc_timeout	@	global
ipc_ttl	t		1		1000s
ipc_ttl	@	global
known_tcp_ports	s	3.6.0			lmtp=24, smtp=25, smtps=submissions=465, submission=587
known_tcp_ports	@	global
line_length_limit	i		512		2048
line_length_limit	@	global
lmdb_map_size	l	2.11.0	1		16777216
lmdb_map_size	@	global
lmtp_address_preference	s	2.8.0	1		ipv6
lmtp_address_preference	s	2.9.0	1		any
lmtp_address_preference	@	smtp
lmtp_address_verify_target	s	3.0.0	1		rcpt
lmtp_address_verify_target	@	smtp
lmtp_assume_final	b				no
lmtp_assume_final	@	smtp
lmtp_balance_inet_protocols	b	3.3.0			yes
lmtp_balance_inet_protocols	@	smtp
lmtp_bind_address	s
lmtp_bind_address	@	smtp
lmtp_bind_address6	s
lmtp_bind_address6	@	smtp
lmtp_bind_address_enforce	b	3.7.0			no
lmtp_bind_address_enforce	@	smtp
lmtp_body_checks	s
lmtp_body_checks	@	smtp
lmtp_cname_overrides_servername	b				no
lmtp_cname_overrides_servername	@	smtp
lmtp_connect_timeout	t				0s
lmtp_connect_timeout	@	smtp
lmtp_connection_cache_destinations	s
lmtp_connection_cache_destinations	@	smtp
lmtp_connection_cache_on_demand	b				yes
lmtp_connection_cache_on_demand	@	smtp
lmtp_connection_cache_time_limit	t		1		2s
lmtp_connection_cache_time_limit	@	smtp
lmtp_connection_reuse_count_limit	i	2.11.0			0
lmtp_connection_reuse_count_limit	@	smtp
lmtp_connection_reuse_time_limit	t		1		300s
lmtp_connection_reuse_time_limit	@	smtp
lmtp_data_done_timeout	t		1		600s
lmtp_data_done_timeout	@	smtp
lmtp_data_init_timeout	t		1		120s
lmtp_data_init_timeout	@	smtp
lmtp_data_xfer_timeout	t		1		180s
lmtp_data_xfer_timeout	@	smtp
lmtp_defer_if_no_mx_address_found	b				no
lmtp_defer_if_no_mx_address_found	@	smtp
lmtp_delivery_status_filter	s	3.0.0			$default_delivery_status_filter
lmtp_delivery_status_filter	@	smtp
lmtp_discard_lhlo_keyword_address_maps	s
lmtp_discard_lhlo_keyword_address_maps	@	smtp
lmtp_discard_lhlo_keywords	s
lmtp_discard_lhlo_keywords	@	smtp
lmtp_dns_reply_filter	s	3.0.0
lmtp_dns_reply_filter	@	smtp
lmtp_dns_resolver_options	s	2.8.0
lmtp_dns_resolver_options	@	smtp
lmtp_dns_support_level	s	2.11.0
lmtp_dns_support_level	@	smtp
lmtp_enforce_tls	b				no
lmtp_enforce_tls	@	smtp
lmtp_fallback_relay	s	3.1.0
lmtp_fallback_relay	@	smtp
lmtp_generic_maps	s
lmtp_generic_maps	@	smtp
lmtp_header_checks	s
lmtp_header_checks	@	smtp
lmtp_host_lookup	s		1		dns
lmtp_host_lookup	@	smtp
lmtp_lhlo_name	s		1		$myhostname
lmtp_lhlo_name	@	smtp
lmtp_lhlo_timeout	t		1		300s
lmtp_lhlo_timeout	@	smtp
lmtp_line_length_limit	i				990
lmtp_line_length_limit	i	2.9.0			998
lmtp_line_length_limit	@	smtp
lmtp_log_tls_feature_status	c	3.11.0			yes
lmtp_log_tls_feature_status	@	smtp
lmtp_mail_timeout	t		1		300s
lmtp_mail_timeout	@	smtp
lmtp_mime_header_checks	s
lmtp_mime_header_checks	@	smtp
lmtp_min_data_rate	i	3.7.0	1		500
lmtp_min_data_rate	@	smtp
lmtp_mx_address_limit	i				5
lmtp_mx_address_limit	@	smtp
lmtp_mx_session_limit	i				2
lmtp_mx_session_limit	@	smtp
lmtp_nested_header_checks	s
lmtp_nested_header_checks	@	smtp
lmtp_per_record_deadline	b	2.9.0			no
lmtp_per_record_deadline	-	3.7.0
lmtp_per_record_deadline	@	smtp
lmtp_per_request_deadline	c	3.7.0			${lmtp_per_record_deadline?{$lmtp_per_record_deadline}:{no}}
lmtp_per_request_deadline	@	smtp
lmtp_pix_workaround_delay_time	t		1		10s
lmtp_pix_workaround_delay_time	@	smtp
lmtp_pix_workaround_maps	s
lmtp_pix_workaround_maps	@	smtp
lmtp_pix_workaround_threshold_time	t				500s
lmtp_pix_workaround_threshold_time	@	smtp
lmtp_pix_workarounds	s				disable_esmtp,delay_dotcrlf
lmtp_pix_workarounds	@	smtp
lmtp_quit_timeout	t		1		300s
lmtp_quit_timeout	@	smtp
lmtp_quote_rfc821_envelope	b				yes
lmtp_quote_rfc821_envelope	@	smtp
lmtp_randomize_addresses	b				yes
lmtp_randomize_addresses	@	smtp
lmtp_rcpt_timeout	t		1		300s
lmtp_rcpt_timeout	@	smtp
lmtp_reply_filter	s	2.7.0
lmtp_reply_filter	@	smtp
lmtp_requiretls_policy	s	3.11.0			opportunistic
lmtp_requiretls_policy	@	smtp
lmtp_rset_timeout	t		1		20s
lmtp_rset_timeout	@	smtp
lmtp_sasl_auth_cache_name	s
lmtp_sasl_auth_cache_name	@	smtp
lmtp_sasl_auth_cache_time	t				90d
lmtp_sasl_auth_cache_time	@	smtp
lmtp_sasl_auth_enable	b				no
lmtp_sasl_auth_enable	@	smtp
lmtp_sasl_auth_soft_bounce	b				yes
lmtp_sasl_auth_soft_bounce	@	smtp
lmtp_sasl_mechanism_filter	s
lmtp_sasl_mechanism_filter	@	smtp
lmtp_sasl_password_maps	s
lmtp_sasl_password_maps	@	smtp
lmtp_sasl_password_result_delimiter	s	3.9.0	1	1	:
lmtp_sasl_password_result_delimiter	@	smtp
lmtp_sasl_path	s
lmtp_sasl_path	@	smtp
lmtp_sasl_security_options	s				noplaintext, noanonymous
lmtp_sasl_security_options	@	smtp
lmtp_sasl_tls_security_options	s				$lmtp_sasl_security_options
lmtp_sasl_tls_security_options	@	smtp
lmtp_sasl_tls_verified_security_options	s				$lmtp_sasl_tls_security_options
lmtp_sasl_tls_verified_security_options	@	smtp
lmtp_sasl_type	s		1		cyrus
lmtp_sasl_type	@	smtp
lmtp_send_dummy_mail_auth	b	2.9.0			no
lmtp_send_dummy_mail_auth	@	smtp
lmtp_send_xforward_command	b				no
lmtp_send_xforward_command	@	smtp
lmtp_sender_dependent_authentication	b				no
lmtp_sender_dependent_authentication	@	smtp
lmtp_skip_5xx_greeting	b				yes
lmtp_skip_5xx_greeting	@	smtp
lmtp_skip_quit_response	b				no
lmtp_skip_quit_response	@	smtp
lmtp_starttls_timeout	t		1		300s
lmtp_starttls_timeout	@	smtp
lmtp_tcp_port	s				24
lmtp_tcp_port	@	smtp
lmtp_tls_CAfile	s
lmtp_tls_CAfile	@	smtp
lmtp_tls_CApath	s
lmtp_tls_CApath	@	smtp
lmtp_tls_block_early_mail_reply	b	2.7.0			no
lmtp_tls_block_early_mail_reply	@	smtp
lmtp_tls_cert_file	s
lmtp_tls_cert_file	@	smtp
lmtp_tls_chain_files	s	3.4.0
lmtp_tls_chain_files	@	smtp
lmtp_tls_ciphers	s		1		export
lmtp_tls_ciphers	s	2.9.14	1		medium
lmtp_tls_ciphers	s	2.10.0	1		export
lmtp_tls_ciphers	s	2.10.8	1		medium
lmtp_tls_ciphers	s	2.11.0	1		export
lmtp_tls_ciphers	s	2.11.6	1		medium
lmtp_tls_ciphers	s	3.0.0	1		export
lmtp_tls_ciphers	s	3.0.2	1		medium
lmtp_tls_ciphers	@	smtp
lmtp_tls_connection_reuse	b	3.4.0			no
lmtp_tls_connection_reuse	@	smtp
lmtp_tls_dcert_file	s
lmtp_tls_dcert_file	@	smtp
lmtp_tls_dkey_file	s				$lmtp_tls_dcert_file
lmtp_tls_dkey_file	@	smtp
lmtp_tls_eccert_file	s
lmtp_tls_eccert_file	@	smtp
lmtp_tls_eckey_file	s				$lmtp_tls_eccert_file
lmtp_tls_eckey_file	@	smtp
lmtp_tls_enable_rpk	b	3.9.0			no
lmtp_tls_enable_rpk	@	smtp
lmtp_tls_enforce_peername	b				yes
lmtp_tls_enforce_peername	@	smtp
lmtp_tls_enforce_sts_mx_patterns	c	3.10.5			yes
lmtp_tls_enforce_sts_mx_patterns	@	smtp
lmtp_tls_exclude_ciphers	s
lmtp_tls_exclude_ciphers	@	smtp
lmtp_tls_fingerprint_cert_match	s
lmtp_tls_fingerprint_cert_match	@	smtp
lmtp_tls_fingerprint_digest	s		1		md5
lmtp_tls_fingerprint_digest	s	3.6.0	1		${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}
lmtp_tls_fingerprint_digest	@	smtp
lmtp_tls_force_insecure_host_tlsa_lookup	b	2.11.0			no
lmtp_tls_force_insecure_host_tlsa_lookup	@	smtp
lmtp_tls_key_file	s				$lmtp_tls_cert_file
lmtp_tls_key_file	@	smtp
lmtp_tls_loglevel	i				0
lmtp_tls_loglevel	s	2.9.0			0
lmtp_tls_loglevel	@	smtp,tlsmgr
lmtp_tls_mandatory_ciphers	s		1		medium
lmtp_tls_mandatory_ciphers	@	smtp
lmtp_tls_mandatory_exclude_ciphers	s
lmtp_tls_mandatory_exclude_ciphers	@	smtp
lmtp_tls_mandatory_protocols	s				SSLv3, TLSv1
lmtp_tls_mandatory_protocols	s	2.6.15			!SSLv2
lmtp_tls_mandatory_protocols	s	2.7.0			SSLv3, TLSv1
lmtp_tls_mandatory_protocols	s	2.7.9			!SSLv2
lmtp_tls_mandatory_protocols	s	2.8.0			SSLv3, TLSv1
lmtp_tls_mandatory_protocols	s	2.8.10			!SSLv2
lmtp_tls_mandatory_protocols	s	2.9.0			SSLv3, TLSv1
lmtp_tls_mandatory_protocols	s	2.9.2			!SSLv2
lmtp_tls_mandatory_protocols	s	2.9.14			!SSLv2, !SSLv3
lmtp_tls_mandatory_protocols	s	2.10.0			!SSLv2
lmtp_tls_mandatory_protocols	s	2.10.8			!SSLv2, !SSLv3
lmtp_tls_mandatory_protocols	s	2.11.0			!SSLv2
lmtp_tls_mandatory_protocols	s	2.11.6			!SSLv2, !SSLv3
lmtp_tls_mandatory_protocols	s	3.0.0			!SSLv2
lmtp_tls_mandatory_protocols	s	3.0.2			!SSLv2, !SSLv3
lmtp_tls_mandatory_protocols	s	3.6.0			>=TLSv1
lmtp_tls_mandatory_protocols	@	smtp
lmtp_tls_note_starttls_offer	b				no
lmtp_tls_note_starttls_offer	@	smtp
lmtp_tls_per_site	s
lmtp_tls_per_site	@	smtp
lmtp_tls_policy_maps	s
lmtp_tls_policy_maps	@	smtp
lmtp_tls_protocols	s				!SSLv2
lmtp_tls_protocols	s	2.9.14			!SSLv2, !SSLv3
lmtp_tls_protocols	s	2.10.0			!SSLv2
lmtp_tls_protocols	s	2.10.8			!SSLv2, !SSLv3
lmtp_tls_protocols	s	2.11.0			!SSLv2
lmtp_tls_protocols	s	2.11.6			!SSLv2, !SSLv3
lmtp_tls_protocols	s	3.0.0			!SSLv2
lmtp_tls_protocols	s	3.0.2			!SSLv2, !SSLv3
lmtp_tls_protocols	s	3.6.0			>=TLSv1
lmtp_tls_protocols	@	smtp
lmtp_tls_scert_verifydepth	i				9
lmtp_tls_scert_verifydepth	@	smtp
lmtp_tls_secure_cert_match	s		1		nexthop
lmtp_tls_secure_cert_match	@	smtp
lmtp_tls_security_level	s
lmtp_tls_security_level	@	smtp
lmtp_tls_servername	s	3.4.0
lmtp_tls_servername	@	smtp
lmtp_tls_session_cache_database	s
lmtp_tls_session_cache_database	@	tlsmgr
lmtp_tls_session_cache_timeout	t				3600s
lmtp_tls_session_cache_timeout	t	2.11.0		8640000	3600s
lmtp_tls_session_cache_timeout	@	tlsmgr
lmtp_tls_trust_anchor_file	s	2.11.0
lmtp_tls_trust_anchor_file	@	smtp
lmtp_tls_verify_cert_match	s		1		hostname
lmtp_tls_verify_cert_match	@	smtp
lmtp_tls_wrappermode	b	3.0.0			no
lmtp_tls_wrappermode	@	smtp
lmtp_tlsrpt_enable	c	3.10.0			no
lmtp_tlsrpt_enable	@	smtp
lmtp_tlsrpt_skip_reused_handshakes	c	3.10.0			yes
lmtp_tlsrpt_skip_reused_handshakes	c	3.11.0			no
lmtp_tlsrpt_skip_reused_handshakes	@	smtp
lmtp_tlsrpt_socket_name	s	3.10.0
lmtp_tlsrpt_socket_name	@	smtp
lmtp_use_tls	b				no
lmtp_use_tls	@	smtp
lmtp_xforward_timeout	t		1		300s
lmtp_xforward_timeout	@	smtp
local_command_shell	s
local_command_shell	@	local
local_delivery_status_filter	s	3.0.0			$default_delivery_status_filter
local_delivery_status_filter	@	local
local_destination_concurrency_limit	i				2
local_destination_concurrency_limit	@	oqmgr,qmgr
local_destination_recipient_limit	i				1
local_destination_recipient_limit	@	oqmgr,qmgr
local_header_rewrite_clients	s				permit_inet_interfaces
local_header_rewrite_clients	@	smtpd
local_login_sender_maps	s	3.6.0			static:*
local_login_sender_maps	@	postdrop
local_recipient_maps	s				proxy:unix:passwd.byname $alias_maps
local_recipient_maps	@	proxymap,smtpd
local_transport	s		1		local:$myhostname
local_transport	@	trivial-rewrite
luser_relay	r
luser_relay	@	local
mail_name	s		1		Postfix
mail_name	@	global
mail_owner	s		1		postfix
mail_owner	@	global
mail_spool_directory	s				/var/mail
mail_spool_directory	@	local,virtual
mailbox_command	r
mailbox_command	@	local
mailbox_command_maps	s
mailbox_command_maps	@	local
mailbox_delivery_lock	s		1		fcntl, dotlock
mailbox_delivery_lock	@	local
mailbox_size_limit	i				51200000
mailbox_size_limit	l	2.9.0			51200000
mailbox_size_limit	@	local
mailbox_transport	s
mailbox_transport	@	local
mailbox_transport_maps	s
mailbox_transport_maps	@	local
maillog_file	s	3.4.0
maillog_file	@	global
maillog_file_compressor	s	3.4.0	1		gzip
maillog_file_compressor	@	global
maillog_file_permissions	s	3.9.0	1		0600
maillog_file_permissions	@	global
maillog_file_prefixes	s	3.4.0	1		/var, /dev/stdout
maillog_file_prefixes	@	global
maillog_file_rotate_suffix	s	3.4.0	1		%Y%M%d-%H%M%S
maillog_file_rotate_suffix	s	3.4.12	1		%Y%m%d-%H%M%S
maillog_file_rotate_suffix	s	3.5.0	1		%Y%M%d-%H%M%S
maillog_file_rotate_suffix	s	3.5.2	1		%Y%m%d-%H%M%S
maillog_file_rotate_suffix	@	global
mailq_path	s		1		/usr/bin/mailq
mailq_path	@	postfix
manpage_directory	s		1		/usr/local/man
manpage_directory	@	postfix
maps_rbl_domains	s
maps_rbl_domains	@	smtpd
maps_rbl_reject_code	i				554
maps_rbl_reject_code	@	smtpd
masquerade_classes	s				envelope_sender, header_sender, header_recipient
masquerade_classes	@	cleanup
masquerade_domains	s
masquerade_domains	@	cleanup
masquerade_exceptions	s
masquerade_exceptions	@	cleanup
master_service_disable	s
master_service_disable	@	master
max_idle	t		1		100s
max_idle	@	global
max_use	i		1		100
max_use	@	global
maximal_backoff_time	t		1		4000s
maximal_backoff_time	@	oqmgr,qmgr
maximal_queue_lifetime	t			8640000	5d
maximal_queue_lifetime	@	bounce,oqmgr,qmgr
message_drop_headers	s	3.0.0			bcc, content-length, resent-bcc, return-path
message_drop_headers	@	global
message_reject_characters	s
message_reject_characters	@	cleanup
message_size_limit	i				10240000
message_size_limit	l	2.9.0			10240000
message_size_limit	@	global
message_strip_characters	s
message_strip_characters	@	cleanup
meta_directory	s	3.0.0	1		/etc/postfix
meta_directory	@	global
milter_command_timeout	t		1		30s
milter_command_timeout	@	cleanup,smtpd
milter_connect_macros	s				j {daemon_name} v
milter_connect_macros	s	3.2.0			j {daemon_name} {daemon_addr} v
milter_connect_macros	s	3.5.0			j {daemon_name} {daemon_addr} v _
milter_connect_macros	@	cleanup,smtpd
milter_connect_timeout	t		1		30s
milter_connect_timeout	@	cleanup,smtpd
milter_content_timeout	t		1		300s
milter_content_timeout	@	cleanup,smtpd
milter_data_macros	s				i
milter_data_macros	@	cleanup,smtpd
milter_default_action	s		1		tempfail
milter_default_action	s	3.7.20	1		shutdown
milter_default_action	s	3.8.0	1		tempfail
milter_default_action	s	3.8.15	1		shutdown
milter_default_action	s	3.9.0	1		tempfail
milter_default_action	s	3.9.9	1		shutdown
milter_default_action	s	3.10.0	1		tempfail
milter_default_action	s	3.10.8	1		shutdown
milter_default_action	@	cleanup,smtpd
milter_end_of_data_macros	s				i
milter_end_of_data_macros	@	cleanup,smtpd
milter_end_of_header_macros	s				i
milter_end_of_header_macros	@	cleanup,smtpd
milter_header_checks	s	2.7.0
milter_header_checks	@	cleanup
milter_helo_macros	s				{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}
milter_helo_macros	@	cleanup,smtpd
milter_macro_daemon_name	s		1		$myhostname
milter_macro_daemon_name	@	cleanup,smtpd
milter_macro_defaults	s	3.1.0
milter_macro_defaults	@	cleanup,smtpd
milter_macro_v	s		1		$mail_name $mail_version
milter_macro_v	@	cleanup,smtpd
milter_mail_macros	s				i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}
milter_mail_macros	@	cleanup,smtpd
milter_protocol	s		1		6
milter_protocol	@	cleanup,smtpd
milter_rcpt_macros	s				i {rcpt_addr} {rcpt_host} {rcpt_mailer}
milter_rcpt_macros	@	cleanup,smtpd
milter_unknown_command_macros	s
milter_unknown_command_macros	@	cleanup,smtpd
mime_boundary_length_limit	i		1		2048
mime_boundary_length_limit	@	global
mime_header_checks	s				$header_checks
mime_header_checks	@	cleanup
mime_nesting_limit	i		1		100
mime_nesting_limit	@	global
minimal_backoff_time	t		1		300s
minimal_backoff_time	@	oqmgr,qmgr,smtp
multi_instance_directories	s
multi_instance_directories	@	global
multi_instance_enable	b				no
multi_instance_enable	@	global
multi_instance_group	s
multi_instance_group	@	global
multi_instance_name	s
multi_instance_name	@	global
multi_instance_wrapper	s
multi_instance_wrapper	@	global
multi_recipient_bounce_reject_code	i				550
multi_recipient_bounce_reject_code	@	smtpd
mydestination	s				$myhostname, localhost.$mydomain, localhost
mydestination	@	global
mydomain	f		1
mydomain	@	global
myhostname	f		1
myhostname	@	global
mynetworks	f
mynetworks	@	global
mynetworks_style	s		1		subnet
mynetworks_style	s	3.0.0	1		${{$compatibility_level} < {2} ? {subnet} : {host}}
mynetworks_style	s	3.6.0	1		${{$compatibility_level} <level {2} ? {subnet} : {host}}
mynetworks_style	@	global
myorigin	s		1		$myhostname
myorigin	@	global
nested_header_checks	s				$header_checks
nested_header_checks	@	cleanup
newaliases_path	s		1		/usr/bin/newaliases
newaliases_path	@	postfix
non_bdb_custom_mapping	s	3.11.0
non_bdb_custom_mapping	@	global
non_bdb_migration_allow_root_prefixes	s	3.11.0			/etc /usr/local/etc
non_bdb_migration_allow_root_prefixes	@	nbdb_reindexd
non_bdb_migration_allow_user_prefixes	s	3.11.0			$data_directory /var/lib/mailman /var/lib/mailman3
non_bdb_migration_allow_user_prefixes	@	nbdb_reindexd
non_bdb_migration_level	s	3.11.0	1		disable
non_bdb_migration_level	@	global
non_bdb_migration_log_redirect	c	3.11.0			yes
non_bdb_migration_log_redirect	@	global
non_bdb_migration_service_name	s	3.11.0			nbdb_reindex
non_bdb_migration_service_name	@	global
non_empty_end_of_header_action	s	3.11.0	1		fix_quietly
non_empty_end_of_header_action	@	cleanup
non_fqdn_reject_code	i				504
non_fqdn_reject_code	@	smtpd
non_smtpd_milters	s
non_smtpd_milters	@	cleanup
notify_classes	s				resource, software
notify_classes	@	bounce,smtp,smtpd
openssl_path	s	3.1.0	1		openssl
openssl_path	@	tls
owner_request_special	b				yes
owner_request_special	@	global
parent_domain_matches_subdomains	s				debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps
parent_domain_matches_subdomains	@	global
permit_mx_backup_networks	s
permit_mx_backup_networks	@	smtpd
pickup_service_name	s		1		pickup
pickup_service_name	@	global
pipe_delivery_status_filter	s	3.0.0			$default_delivery_status_filter
pipe_delivery_status_filter	@	pipe
plaintext_reject_code	i				450
plaintext_reject_code	@	smtpd
postlog_service_name	s	3.4.0	1		postlog
postlog_service_name	@	global
postlogd_watchdog_timeout	t	3.4.0	10		10s
postlogd_watchdog_timeout	@	postlogd
postmulti_control_commands	s				reload flush
postmulti_control_commands	@	postmulti
postmulti_start_commands	s				start
postmulti_start_commands	@	postmulti
postmulti_stop_commands	s				stop abort drain quick-stop
postmulti_stop_commands	@	postmulti
postscreen_access_list	s	2.8.0			permit_mynetworks
postscreen_access_list	@	postscreen
postscreen_allowlist_interfaces	s	3.6.0			${postscreen_whitelist_interfaces?{$postscreen_whitelist_interfaces}:{static:all}}
postscreen_allowlist_interfaces	@	postscreen
postscreen_bare_newline_action	s	2.8.0	1		ignore
postscreen_bare_newline_action	@	postscreen
postscreen_bare_newline_enable	b	2.8.0			no
postscreen_bare_newline_enable	@	postscreen
postscreen_bare_newline_ttl	t	2.8.0	1		30d
postscreen_bare_newline_ttl	@	postscreen
postscreen_blacklist_action	s	2.8.0	1		ignore
postscreen_blacklist_action	-	3.6.0
postscreen_blacklist_action	@	postscreen
postscreen_blacklist_networks	s	2.8.0
postscreen_blacklist_networks	-	2.8.2
postscreen_blacklist_networks	@	postscreen
postscreen_cache_cleanup_interval	t	2.8.0	1		12h
postscreen_cache_cleanup_interval	t	2.9.0			12h
postscreen_cache_cleanup_interval	@	postscreen
postscreen_cache_map	s	2.8.0			btree:$data_directory/postscreen_cache
postscreen_cache_map	s	3.11.0			$default_cache_db_type:$data_directory/postscreen_cache
postscreen_cache_map	@	postscreen,proxymap
postscreen_cache_retention_time	t	2.8.0	1		7d
postscreen_cache_retention_time	@	postscreen
postscreen_client_connection_count_limit	n	2.8.0			$smtpd_client_connection_count_limit
postscreen_client_connection_count_limit	@	postscreen
postscreen_command_count_limit	i	2.8.0	1		20
postscreen_command_count_limit	@	postscreen
postscreen_command_filter	s	2.8.0
postscreen_command_filter	@	postscreen
postscreen_command_time_limit	r	2.8.0	1		${stress?10}${stress:300}s
postscreen_command_time_limit	r	3.0.0	1		${stress?{10}:{300}}s
postscreen_command_time_limit	t	3.4.0	1		${stress?{10}:{300}}s
postscreen_command_time_limit	@	postscreen
postscreen_denylist_action	s	3.6.0	1		${postscreen_blacklist_action?{$postscreen_blacklist_action}:{ignore}}
postscreen_denylist_action	@	postscreen
postscreen_disable_vrfy_command	c	2.8.0			$disable_vrfy_command
postscreen_disable_vrfy_command	@	postscreen
postscreen_discard_ehlo_keyword_address_maps	s	2.8.0			$smtpd_discard_ehlo_keyword_address_maps
postscreen_discard_ehlo_keyword_address_maps	@	postscreen
postscreen_discard_ehlo_keywords	s	2.8.0			$smtpd_discard_ehlo_keywords
postscreen_discard_ehlo_keywords	@	postscreen
postscreen_dnsbl_action	s	2.8.0	1		ignore
postscreen_dnsbl_action	@	postscreen
postscreen_dnsbl_allowlist_threshold	n	3.6.0			${postscreen_dnsbl_whitelist_threshold?{$postscreen_dnsbl_whitelist_threshold}:{0}}
postscreen_dnsbl_allowlist_threshold	@	postscreen
postscreen_dnsbl_max_ttl	t	3.1.0	1		${postscreen_dnsbl_ttl?{$postscreen_dnsbl_ttl}:{1}}h
postscreen_dnsbl_max_ttl	@	postscreen
postscreen_dnsbl_min_ttl	t	3.1.0	1		60s
postscreen_dnsbl_min_ttl	@	postscreen
postscreen_dnsbl_reply_map	s	2.8.0
postscreen_dnsbl_reply_map	@	postscreen
postscreen_dnsbl_sites	s	2.8.0
postscreen_dnsbl_sites	@	postscreen
postscreen_dnsbl_threshold	i	2.8.0			1
postscreen_dnsbl_threshold	i	3.5.20	1		1
postscreen_dnsbl_threshold	i	3.6.0			1
postscreen_dnsbl_threshold	i	3.6.10	1		1
postscreen_dnsbl_threshold	i	3.7.0			1
postscreen_dnsbl_threshold	i	3.7.6	1		1
postscreen_dnsbl_threshold	@	postscreen
postscreen_dnsbl_timeout	t	3.0.0	1		10s
postscreen_dnsbl_timeout	@	postscreen
postscreen_dnsbl_ttl	t	2.8.0	1		1h
postscreen_dnsbl_ttl	-	3.1.0
postscreen_dnsbl_ttl	@	postscreen
postscreen_dnsbl_whitelist_threshold	i	2.11.0			0
postscreen_dnsbl_whitelist_threshold	-	3.6.0
postscreen_dnsbl_whitelist_threshold	@	postscreen
postscreen_enforce_tls	c	2.8.0			$smtpd_enforce_tls
postscreen_enforce_tls	@	postscreen
postscreen_expansion_filter	r	2.8.0	1		$smtpd_expansion_filter
postscreen_expansion_filter	@	postscreen
postscreen_forbidden_commands	s	2.8.0			$smtpd_forbidden_commands
postscreen_forbidden_commands	@	postscreen,proxymap
postscreen_greet_action	s	2.8.0	1		ignore
postscreen_greet_action	@	postscreen
postscreen_greet_banner	s	2.8.0			$smtpd_banner
postscreen_greet_banner	@	postscreen
postscreen_greet_ttl	t	2.8.0	1		1d
postscreen_greet_ttl	@	postscreen
postscreen_greet_wait	t	2.8.0	1		${stress?2}${stress:6}s
postscreen_greet_wait	t	3.0.0	1		${stress?{2}:{6}}s
postscreen_greet_wait	@	postscreen
postscreen_helo_required	c	2.8.0			$smtpd_helo_required
postscreen_helo_required	@	postscreen
postscreen_non_smtp_command_action	s	2.8.0	1		drop
postscreen_non_smtp_command_action	@	postscreen
postscreen_non_smtp_command_enable	b	2.8.0			no
postscreen_non_smtp_command_enable	@	postscreen
postscreen_non_smtp_command_ttl	t	2.8.0	1		30d
postscreen_non_smtp_command_ttl	@	postscreen
postscreen_pipelining_action	s	2.8.0	1		enforce
postscreen_pipelining_action	@	postscreen
postscreen_pipelining_enable	b	2.8.0			no
postscreen_pipelining_enable	@	postscreen
postscreen_pipelining_ttl	t	2.8.0	1		30d
postscreen_pipelining_ttl	@	postscreen
postscreen_post_queue_limit	n	2.8.0	5		$default_process_limit
postscreen_post_queue_limit	@	postscreen
postscreen_pre_queue_limit	n	2.8.0	10		$default_process_limit
postscreen_pre_queue_limit	@	postscreen
postscreen_reject_footer	r	2.8.0			$smtpd_reject_footer
postscreen_reject_footer	@	postscreen
postscreen_reject_footer_maps	s	3.4.0			$smtpd_reject_footer_maps
postscreen_reject_footer_maps	@	postscreen
postscreen_tls_security_level	s	2.8.0			$smtpd_tls_security_level
postscreen_tls_security_level	@	postscreen
postscreen_upstream_proxy_protocol	s	2.10.0
postscreen_upstream_proxy_protocol	@	postscreen
postscreen_upstream_proxy_timeout	t	2.10.0	1		5s
postscreen_upstream_proxy_timeout	@	postscreen
postscreen_use_tls	c	2.8.0			$smtpd_use_tls
postscreen_use_tls	@	postscreen
postscreen_watchdog_timeout	t	2.8.0	10		10s
postscreen_watchdog_timeout	@	postscreen
postscreen_whitelist_interfaces	s	2.9.0			static:all
postscreen_whitelist_interfaces	-	3.6.0
postscreen_whitelist_interfaces	@	postscreen
postscreen_whitelist_networks	s	2.8.0			$mynetworks
postscreen_whitelist_networks	-	2.8.2
postscreen_whitelist_networks	@	postscreen
prepend_delivered_header	s				command, file, forward
prepend_delivered_header	@	local
process_id_directory	s		1		pid
process_id_directory	@	global
propagate_unmatched_extensions	s				canonical, virtual
propagate_unmatched_extensions	@	cleanup,local,smtp
proxy_interfaces	s
proxy_interfaces	@	global
proxy_read_maps	s				$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps
proxy_read_maps	s	2.9.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps
proxy_read_maps	s	2.10.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps
proxy_read_maps	s	3.0.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions
proxy_read_maps	s	3.0.13			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $virtual_gid_maps $virtual_uid_maps
proxy_read_maps	s	3.1.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions
proxy_read_maps	s	3.1.9			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $virtual_gid_maps $virtual_uid_maps
proxy_read_maps	s	3.2.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions
proxy_read_maps	s	3.2.6			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps
proxy_read_maps	s	3.4.24			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps
proxy_read_maps	s	3.4.26			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps $default_delivery_status_filter $lmtp_delivery_status_filter $lmtp_dns_reply_filter $lmtp_reply_filter $local_delivery_status_filter $pipe_delivery_status_filter $postscreen_command_filter $smtp_delivery_status_filter $smtp_dns_reply_filter $smtp_reply_filter $smtpd_command_filter $smtpd_dns_reply_filter $virtual_delivery_status_filter $body_checks $header_checks $lmtp_body_checks $lmtp_header_checks $lmtp_mime_header_checks $lmtp_nested_header_checks $milter_header_checks $mime_header_checks $nested_header_checks $smtp_body_checks $smtp_header_checks $smtp_mime_header_checks $smtp_nested_header_checks
proxy_read_maps	s	3.5.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps
proxy_read_maps	s	3.5.14			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps
proxy_read_maps	s	3.5.16			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps $default_delivery_status_filter $lmtp_delivery_status_filter $lmtp_dns_reply_filter $lmtp_reply_filter $local_delivery_status_filter $pipe_delivery_status_filter $postscreen_command_filter $smtp_delivery_status_filter $smtp_dns_reply_filter $smtp_reply_filter $smtpd_command_filter $smtpd_dns_reply_filter $virtual_delivery_status_filter $body_checks $header_checks $lmtp_body_checks $lmtp_header_checks $lmtp_mime_header_checks $lmtp_nested_header_checks $milter_header_checks $mime_header_checks $nested_header_checks $smtp_body_checks $smtp_header_checks $smtp_mime_header_checks $smtp_nested_header_checks
proxy_read_maps	s	3.6.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps
proxy_read_maps	s	3.6.4			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $local_login_sender_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps
proxy_read_maps	s	3.6.6			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $local_login_sender_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps $default_delivery_status_filter $lmtp_delivery_status_filter $lmtp_dns_reply_filter $lmtp_reply_filter $local_delivery_status_filter $pipe_delivery_status_filter $postscreen_command_filter $smtp_delivery_status_filter $smtp_dns_reply_filter $smtp_reply_filter $smtpd_command_filter $smtpd_dns_reply_filter $virtual_delivery_status_filter $body_checks $header_checks $lmtp_body_checks $lmtp_header_checks $lmtp_mime_header_checks $lmtp_nested_header_checks $milter_header_checks $mime_header_checks $nested_header_checks $smtp_body_checks $smtp_header_checks $smtp_mime_header_checks $smtp_nested_header_checks
proxy_read_maps	s	3.7.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $local_login_sender_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps $tlsproxy_client_policy_maps
proxy_read_maps	s	3.7.1			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $local_login_sender_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps $tlsproxy_client_policy_maps $default_delivery_status_filter $lmtp_delivery_status_filter $lmtp_dns_reply_filter $lmtp_reply_filter $local_delivery_status_filter $pipe_delivery_status_filter $postscreen_command_filter $smtp_delivery_status_filter $smtp_dns_reply_filter $smtp_reply_filter $smtpd_command_filter $smtpd_dns_reply_filter $virtual_delivery_status_filter $body_checks $header_checks $lmtp_body_checks $lmtp_header_checks $lmtp_mime_header_checks $lmtp_nested_header_checks $milter_header_checks $mime_header_checks $nested_header_checks $smtp_body_checks $smtp_header_checks $smtp_mime_header_checks $smtp_nested_header_checks
proxy_read_maps	s	3.11.0			$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $local_login_sender_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps $tlsproxy_client_policy_maps $default_delivery_status_filter $lmtp_delivery_status_filter $lmtp_dns_reply_filter $lmtp_reply_filter $local_delivery_status_filter $pipe_delivery_status_filter $postscreen_command_filter $smtp_delivery_status_filter $smtp_dns_reply_filter $smtp_reply_filter $smtpd_command_filter $smtpd_dns_reply_filter $virtual_delivery_status_filter $body_checks $header_checks $lmtp_body_checks $lmtp_header_checks $lmtp_mime_header_checks $lmtp_nested_header_checks $milter_header_checks $mime_header_checks $nested_header_checks $smtp_body_checks $smtp_header_checks $smtp_mime_header_checks $smtp_nested_header_checks $smtpd_reject_filter_maps $debug_peer_list $smtpd_etrn_restrictions $fast_flush_domains $authorized_flush_users $lmtp_connection_cache_destinations $local_header_rewrite_clients $masquerade_exceptions $postscreen_access_list $postscreen_allowlist_interfaces $postscreen_forbidden_commands $qmqpd_authorized_clients $authorized_mailq_users $smtp_connection_cache_destinations $smtpd_log_access_permit_actions $smtpd_forbidden_commands $smtpd_client_event_limit_exceptions $smtpd_sasl_exceptions_networks $smtpd_sasl_mechanism_filter $smtp_requiretls_policy $smtp_sasl_mechanism_filter $authorized_submit_users $smtpd_authorized_verp_clients $smtpd_authorized_xclient_hosts $smtpd_authorized_xforward_hosts
proxy_read_maps	@	proxymap
proxy_write_maps	s				$smtp_sasl_auth_cache_name $lmtp_sasl_auth_cache_name
proxy_write_maps	s	2.9.0			$smtp_sasl_auth_cache_name $lmtp_sasl_auth_cache_name $address_verify_map $postscreen_cache_map
proxy_write_maps	@	proxymap
proxymap_service_name	s		1		proxymap
proxymap_service_name	@	global
proxywrite_service_name	s		1		proxywrite
proxywrite_service_name	@	global
qmgr_clog_warn_time	t				300s
qmgr_clog_warn_time	@	oqmgr,qmgr
qmgr_daemon_timeout	t	2.8.0	1		1000s
qmgr_daemon_timeout	@	oqmgr,qmgr
qmgr_fudge_factor	i		10	100	100
qmgr_fudge_factor	@	oqmgr
qmgr_ipc_timeout	t	2.8.0	1		60s
qmgr_ipc_timeout	@	oqmgr,qmgr
qmgr_message_active_limit	i		1		20000
qmgr_message_active_limit	@	oqmgr,qmgr
qmgr_message_recipient_limit	i		1		20000
qmgr_message_recipient_limit	@	oqmgr,qmgr
qmgr_message_recipient_minimum	i		1		10
qmgr_message_recipient_minimum	@	qmgr
qmqpd_authorized_clients	s
qmqpd_authorized_clients	@	qmqpd
qmqpd_client_port_logging	b				no
qmqpd_client_port_logging	@	qmqpd
qmqpd_error_delay	t				1s
qmqpd_error_delay	@	qmqpd
qmqpd_timeout	t		1		300s
qmqpd_timeout	@	qmqpd
queue_directory	s		1		/var/spool/postfix
queue_directory	@	global
queue_file_attribute_count_limit	i		1		100
queue_file_attribute_count_limit	@	cleanup
queue_minfree	i				0
queue_minfree	l	3.5.0			0
queue_minfree	@	smtpd
queue_run_delay	t		1		300s
queue_run_delay	@	oqmgr,qmgr,smtp
queue_service_name	s		1		qmgr
queue_service_name	@	global
rbl_reply_maps	s
rbl_reply_maps	@	smtpd
readme_directory	s		1		no
readme_directory	@	postfix
receive_override_options	s
receive_override_options	@	pickup,qmqpd,smtpd
recipient_bcc_maps	s
recipient_bcc_maps	@	cleanup
recipient_canonical_classes	s		1		envelope_recipient, header_recipient
recipient_canonical_classes	@	cleanup
recipient_canonical_maps	s
recipient_canonical_maps	@	cleanup,proxymap,smtpd
recipient_delimiter	s			1
recipient_delimiter	s	2.11.0
recipient_delimiter	@	global
reject_code	i				554
reject_code	@	smtpd
reject_tempfail_action	s		1		defer_if_permit
reject_tempfail_action	@	smtpd
relay_clientcerts	s
relay_clientcerts	@	smtpd
relay_domains	s				$mydestination
relay_domains	s	3.0.0			${{$compatibility_level} < {2} ? {$mydestination} : {}}
relay_domains	s	3.6.0			${{$compatibility_level} <level {2} ? {$mydestination} : {}}
relay_domains	@	global,proxymap
relay_domains_reject_code	i				554
relay_domains_reject_code	@	smtpd
relay_recipient_maps	s
relay_recipient_maps	@	proxymap,smtpd
relay_transport	s		1		relay
relay_transport	@	trivial-rewrite
relayhost	s
relayhost	@	global
relocated_maps	s
relocated_maps	@	proxymap,trivial-rewrite
relocated_prefix_enable	c	3.11.0			yes
relocated_prefix_enable	@	trivial-rewrite
remote_header_rewrite_domain	s
remote_header_rewrite_domain	@	cleanup,trivial-rewrite
require_home_directory	b				no
require_home_directory	@	local
requiretls_enable	c	3.11.0			yes
requiretls_enable	@	global
requiretls_esmtp_header	c	3.11.0			yes
requiretls_esmtp_header	@	cleanup,smtpd
requiretls_redact_dsn	c	3.11.0			yes
requiretls_redact_dsn	@	bounce
reset_owner_alias	b	2.8.0			no
reset_owner_alias	@	local
resolve_dequoted_address	b				yes
resolve_dequoted_address	@	trivial-rewrite
resolve_null_domain	b				no
resolve_null_domain	@	trivial-rewrite
resolve_numeric_domain	b				no
resolve_numeric_domain	@	trivial-rewrite
respectful_logging	c	3.6.0			${{$compatibility_level} <level {3.6} ? {no} : {yes}}
respectful_logging	@	global
rewrite_service_name	s		1		rewrite
rewrite_service_name	@	global
sample_directory	s		1		/etc/postfix
sample_directory	@	postfix
send_cyrus_sasl_authzid	b				no
send_cyrus_sasl_authzid	@	global
sender_bcc_maps	s
sender_bcc_maps	@	cleanup
sender_canonical_classes	s		1		envelope_sender, header_sender
sender_canonical_classes	@	cleanup
sender_canonical_maps	s
sender_canonical_maps	@	cleanup,proxymap,smtpd
sender_dependent_default_transport_maps	s	2.7.0
sender_dependent_default_transport_maps	@	trivial-rewrite
sender_dependent_relayhost_maps	s
sender_dependent_relayhost_maps	@	trivial-rewrite
sendmail_fix_line_endings	s	2.9.0	1		always
sendmail_fix_line_endings	@	sendmail
sendmail_path	s		1		/usr/sbin/sendmail
sendmail_path	@	postfix
service_name	s	3.11.1			amnesiac
service_name	@	global
service_throttle_time	t		1		60s
service_throttle_time	@	master
setgid_group	s		1		postdrop
setgid_group	@	global
shlib_directory	s	3.0.0	1		/usr/lib/postfix
shlib_directory	@	global
show_user_unknown_table_name	b				yes
show_user_unknown_table_name	@	smtpd,trivial-rewrite
showq_service_name	s		1		showq
showq_service_name	@	global
smtp_address_preference	s	2.8.0	1		ipv6
smtp_address_preference	s	2.9.0	1		any
smtp_address_preference	@	smtp
smtp_address_verify_target	s	3.0.0	1		rcpt
smtp_address_verify_target	@	smtp
smtp_always_send_ehlo	b				yes
smtp_always_send_ehlo	@	smtp
smtp_balance_inet_protocols	b	3.3.0			yes
smtp_balance_inet_protocols	@	smtp
smtp_bind_address	s
smtp_bind_address	@	smtp
smtp_bind_address6	s
smtp_bind_address6	@	smtp
smtp_bind_address_enforce	b	3.7.0			no
smtp_bind_address_enforce	@	smtp
smtp_body_checks	s
smtp_body_checks	@	smtp
smtp_cname_overrides_servername	b				no
smtp_cname_overrides_servername	@	smtp
smtp_connect_timeout	t				30s
smtp_connect_timeout	@	smtp
smtp_connection_cache_destinations	s
smtp_connection_cache_destinations	@	smtp
smtp_connection_cache_on_demand	b				yes
smtp_connection_cache_on_demand	@	smtp
smtp_connection_cache_time_limit	t		1		2s
smtp_connection_cache_time_limit	@	smtp
smtp_connection_reuse_count_limit	i	2.11.0			0
smtp_connection_reuse_count_limit	@	smtp
smtp_connection_reuse_time_limit	t		1		300s
smtp_connection_reuse_time_limit	@	smtp
smtp_data_done_timeout	t		1		600s
smtp_data_done_timeout	@	smtp
smtp_data_init_timeout	t		1		120s
smtp_data_init_timeout	@	smtp
smtp_data_xfer_timeout	t		1		180s
smtp_data_xfer_timeout	@	smtp
smtp_defer_if_no_mx_address_found	b				no
smtp_defer_if_no_mx_address_found	@	smtp
smtp_delivery_status_filter	s	3.0.0			$default_delivery_status_filter
smtp_delivery_status_filter	@	smtp
smtp_discard_ehlo_keyword_address_maps	s
smtp_discard_ehlo_keyword_address_maps	@	smtp
smtp_discard_ehlo_keywords	s
smtp_discard_ehlo_keywords	@	smtp
smtp_dns_reply_filter	s	3.0.0
smtp_dns_reply_filter	@	smtp
smtp_dns_resolver_options	s	2.8.0
smtp_dns_resolver_options	@	smtp
smtp_dns_support_level	s	2.11.0
smtp_dns_support_level	@	smtp
smtp_enforce_tls	b				no
smtp_enforce_tls	@	smtp,tlsproxy
smtp_fallback_relay	s				$fallback_relay
smtp_fallback_relay	@	smtp
smtp_generic_maps	s
smtp_generic_maps	@	smtp
smtp_header_checks	s
smtp_header_checks	@	smtp
smtp_helo_name	s		1		$myhostname
smtp_helo_name	@	smtp
smtp_helo_timeout	t		1		300s
smtp_helo_timeout	@	smtp
smtp_host_lookup	s		1		dns
smtp_host_lookup	@	smtp
smtp_line_length_limit	i				990
smtp_line_length_limit	i	2.9.0			998
smtp_line_length_limit	@	smtp
smtp_log_tls_feature_status	c	3.11.0			yes
smtp_log_tls_feature_status	@	smtp
smtp_mail_timeout	t		1		300s
smtp_mail_timeout	@	smtp
smtp_mime_header_checks	s
smtp_mime_header_checks	@	smtp
smtp_min_data_rate	i	3.7.0	1		500
smtp_min_data_rate	@	smtp
smtp_mx_address_limit	i				5
smtp_mx_address_limit	@	smtp
smtp_mx_session_limit	i				2
smtp_mx_session_limit	@	smtp
smtp_nested_header_checks	s
smtp_nested_header_checks	@	smtp
smtp_never_send_ehlo	b				no
smtp_never_send_ehlo	@	smtp
smtp_per_record_deadline	b	2.9.0			no
smtp_per_record_deadline	-	3.7.0
smtp_per_record_deadline	@	smtp
smtp_per_request_deadline	c	3.7.0			${smtp_per_record_deadline?{$smtp_per_record_deadline}:{no}}
smtp_per_request_deadline	@	smtp
smtp_pix_workaround_delay_time	t		1		10s
smtp_pix_workaround_delay_time	@	smtp
smtp_pix_workaround_maps	s
smtp_pix_workaround_maps	@	smtp
smtp_pix_workaround_threshold_time	t				500s
smtp_pix_workaround_threshold_time	@	smtp
smtp_pix_workarounds	s				disable_esmtp,delay_dotcrlf
smtp_pix_workarounds	@	smtp
smtp_quit_timeout	t		1		300s
smtp_quit_timeout	@	smtp
smtp_quote_rfc821_envelope	b				yes
smtp_quote_rfc821_envelope	@	smtp
smtp_randomize_addresses	b				yes
smtp_randomize_addresses	@	smtp
smtp_rcpt_timeout	t		1		300s
smtp_rcpt_timeout	@	smtp
smtp_reply_filter	s	2.7.0
smtp_reply_filter	@	smtp
smtp_requiretls_policy	s	3.11.0			inline:{{${domain_to_ascii{$mydomain}}=opportunistic}, {.${domain_to_ascii{$mydomain}}=opportunistic}, {localhost=opportunistic}}, cidr:{{0.0.0.0/0 opportunistic}, {::/0 opportunistic}}, enforce
smtp_requiretls_policy	@	smtp
smtp_rset_timeout	t		1		20s
smtp_rset_timeout	@	smtp
smtp_sasl_auth_cache_name	s
smtp_sasl_auth_cache_name	@	smtp
smtp_sasl_auth_cache_time	t				90d
smtp_sasl_auth_cache_time	@	smtp
smtp_sasl_auth_enable	b				no
smtp_sasl_auth_enable	@	smtp
smtp_sasl_auth_soft_bounce	b				yes
smtp_sasl_auth_soft_bounce	@	smtp
smtp_sasl_mechanism_filter	s
smtp_sasl_mechanism_filter	@	smtp
smtp_sasl_password_maps	s
smtp_sasl_password_maps	@	smtp
smtp_sasl_password_result_delimiter	s	3.9.0	1	1	:
smtp_sasl_password_result_delimiter	@	smtp
smtp_sasl_path	s
smtp_sasl_path	@	smtp
smtp_sasl_security_options	s				noplaintext, noanonymous
smtp_sasl_security_options	@	smtp
smtp_sasl_tls_security_options	s				$smtp_sasl_security_options
smtp_sasl_tls_security_options	@	smtp
smtp_sasl_tls_verified_security_options	s				$smtp_sasl_tls_security_options
smtp_sasl_tls_verified_security_options	@	smtp
smtp_sasl_type	s		1		cyrus
smtp_sasl_type	@	smtp
smtp_send_dummy_mail_auth	b	2.9.0			no
smtp_send_dummy_mail_auth	@	smtp
smtp_send_xforward_command	b				no
smtp_send_xforward_command	@	smtp
smtp_sender_dependent_authentication	b				no
smtp_sender_dependent_authentication	@	smtp
smtp_skip_5xx_greeting	b				yes
smtp_skip_5xx_greeting	@	smtp
smtp_skip_quit_response	b				yes
smtp_skip_quit_response	@	smtp
smtp_starttls_timeout	t		1		300s
smtp_starttls_timeout	@	smtp
smtp_tcp_port	s	3.2.0			smtp
smtp_tcp_port	@	smtp
smtp_tls_CAfile	s
smtp_tls_CAfile	@	smtp,tlsproxy
smtp_tls_CApath	s
smtp_tls_CApath	@	smtp,tlsproxy
smtp_tls_block_early_mail_reply	b	2.7.0			no
smtp_tls_block_early_mail_reply	@	smtp
smtp_tls_cert_file	s
smtp_tls_cert_file	@	smtp,tlsproxy
smtp_tls_chain_files	s	3.4.0
smtp_tls_chain_files	@	smtp,tlsproxy
smtp_tls_ciphers	s		1		export
smtp_tls_ciphers	s	2.9.14	1		medium
smtp_tls_ciphers	s	2.10.0	1		export
smtp_tls_ciphers	s	2.10.8	1		medium
smtp_tls_ciphers	s	2.11.0	1		export
smtp_tls_ciphers	s	2.11.6	1		medium
smtp_tls_ciphers	s	3.0.0	1		export
smtp_tls_ciphers	s	3.0.2	1		medium
smtp_tls_ciphers	@	smtp
smtp_tls_connection_reuse	b	3.4.0			no
smtp_tls_connection_reuse	@	smtp
smtp_tls_dane_insecure_mx_policy	s	3.1.0			dane
smtp_tls_dane_insecure_mx_policy	s	3.2.21			${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}
smtp_tls_dane_insecure_mx_policy	s	3.3.0			dane
smtp_tls_dane_insecure_mx_policy	s	3.3.16			${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}
smtp_tls_dane_insecure_mx_policy	s	3.4.0			dane
smtp_tls_dane_insecure_mx_policy	s	3.4.19			${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}
smtp_tls_dane_insecure_mx_policy	s	3.5.0			dane
smtp_tls_dane_insecure_mx_policy	s	3.5.9			${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}
smtp_tls_dane_insecure_mx_policy	s	3.6.17			dane
smtp_tls_dane_insecure_mx_policy	s	3.7.0			${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}
smtp_tls_dane_insecure_mx_policy	s	3.7.13			dane
smtp_tls_dane_insecure_mx_policy	s	3.8.0			${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}
smtp_tls_dane_insecure_mx_policy	s	3.8.8			dane
smtp_tls_dane_insecure_mx_policy	s	3.9.0			${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}
smtp_tls_dane_insecure_mx_policy	s	3.9.2			dane
smtp_tls_dane_insecure_mx_policy	@	smtp
smtp_tls_dcert_file	s
smtp_tls_dcert_file	@	smtp,tlsproxy
smtp_tls_dkey_file	s				$smtp_tls_dcert_file
smtp_tls_dkey_file	@	smtp,tlsproxy
smtp_tls_eccert_file	s
smtp_tls_eccert_file	@	smtp,tlsproxy
smtp_tls_eckey_file	s				$smtp_tls_eccert_file
smtp_tls_eckey_file	@	smtp,tlsproxy
smtp_tls_enable_rpk	b	3.9.0			no
smtp_tls_enable_rpk	@	smtp
smtp_tls_enforce_peername	b				yes
smtp_tls_enforce_peername	@	smtp
smtp_tls_enforce_sts_mx_patterns	c	3.10.5			yes
smtp_tls_enforce_sts_mx_patterns	@	smtp
smtp_tls_exclude_ciphers	s
smtp_tls_exclude_ciphers	@	smtp
smtp_tls_fingerprint_cert_match	s
smtp_tls_fingerprint_cert_match	@	smtp
smtp_tls_fingerprint_digest	s		1		md5
smtp_tls_fingerprint_digest	s	3.6.0	1		${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}
smtp_tls_fingerprint_digest	@	posttls-finger,smtp,tlsproxy
smtp_tls_force_insecure_host_tlsa_lookup	b	2.11.0			no
smtp_tls_force_insecure_host_tlsa_lookup	@	smtp
smtp_tls_key_file	s				$smtp_tls_cert_file
smtp_tls_key_file	@	smtp,tlsproxy
smtp_tls_loglevel	i				0
smtp_tls_loglevel	s	2.9.0			0
smtp_tls_loglevel	@	smtp,tlsmgr,tlsproxy
smtp_tls_mandatory_ciphers	s		1		medium
smtp_tls_mandatory_ciphers	@	smtp
smtp_tls_mandatory_exclude_ciphers	s
smtp_tls_mandatory_exclude_ciphers	@	smtp
smtp_tls_mandatory_protocols	s				SSLv3, TLSv1
smtp_tls_mandatory_protocols	s	2.6.15			!SSLv2
smtp_tls_mandatory_protocols	s	2.7.0			SSLv3, TLSv1
smtp_tls_mandatory_protocols	s	2.7.9			!SSLv2
smtp_tls_mandatory_protocols	s	2.8.0			SSLv3, TLSv1
smtp_tls_mandatory_protocols	s	2.8.10			!SSLv2
smtp_tls_mandatory_protocols	s	2.9.0			SSLv3, TLSv1
smtp_tls_mandatory_protocols	s	2.9.2			!SSLv2
smtp_tls_mandatory_protocols	s	2.9.14			!SSLv2, !SSLv3
smtp_tls_mandatory_protocols	s	2.10.0			!SSLv2
smtp_tls_mandatory_protocols	s	2.10.8			!SSLv2, !SSLv3
smtp_tls_mandatory_protocols	s	2.11.0			!SSLv2
smtp_tls_mandatory_protocols	s	2.11.6			!SSLv2, !SSLv3
smtp_tls_mandatory_protocols	s	3.0.0			!SSLv2
smtp_tls_mandatory_protocols	s	3.0.2			!SSLv2, !SSLv3
smtp_tls_mandatory_protocols	s	3.6.0			>=TLSv1
smtp_tls_mandatory_protocols	@	smtp
smtp_tls_note_starttls_offer	b				no
smtp_tls_note_starttls_offer	@	smtp
smtp_tls_per_site	s
smtp_tls_per_site	@	smtp,tlsproxy
smtp_tls_policy_maps	s
smtp_tls_policy_maps	@	smtp,tlsproxy
smtp_tls_protocols	s				!SSLv2
smtp_tls_protocols	s	2.9.14			!SSLv2, !SSLv3
smtp_tls_protocols	s	2.10.0			!SSLv2
smtp_tls_protocols	s	2.10.8			!SSLv2, !SSLv3
smtp_tls_protocols	s	2.11.0			!SSLv2
smtp_tls_protocols	s	2.11.6			!SSLv2, !SSLv3
smtp_tls_protocols	s	3.0.0			!SSLv2
smtp_tls_protocols	s	3.0.2			!SSLv2, !SSLv3
smtp_tls_protocols	s	3.6.0			>=TLSv1
smtp_tls_protocols	@	smtp
smtp_tls_scert_verifydepth	i				9
smtp_tls_scert_verifydepth	@	smtp,tlsproxy
smtp_tls_secure_cert_match	s		1		nexthop, dot-nexthop
smtp_tls_secure_cert_match	@	smtp
smtp_tls_security_level	s
smtp_tls_security_level	@	smtp,tlsproxy
smtp_tls_servername	s	3.4.0
smtp_tls_servername	@	smtp
smtp_tls_session_cache_database	s
smtp_tls_session_cache_database	@	tlsmgr
smtp_tls_session_cache_timeout	t				3600s
smtp_tls_session_cache_timeout	t	2.11.0		8640000	3600s
smtp_tls_session_cache_timeout	@	tlsmgr
smtp_tls_trust_anchor_file	s	2.11.0
smtp_tls_trust_anchor_file	@	smtp
smtp_tls_verify_cert_match	s		1		hostname
smtp_tls_verify_cert_match	@	smtp
smtp_tls_wrappermode	b	3.0.0			no
smtp_tls_wrappermode	@	smtp
smtp_tlsrpt_enable	c	3.10.0			no
smtp_tlsrpt_enable	@	smtp
smtp_tlsrpt_skip_reused_handshakes	c	3.10.0			yes
smtp_tlsrpt_skip_reused_handshakes	c	3.11.0			no
smtp_tlsrpt_skip_reused_handshakes	@	smtp
smtp_tlsrpt_socket_name	s	3.10.0
smtp_tlsrpt_socket_name	@	smtp
smtp_use_tls	b				no
smtp_use_tls	@	smtp,tlsproxy
smtp_xforward_timeout	t		1		300s
smtp_xforward_timeout	@	smtp
smtpd_authorized_verp_clients	s				$authorized_verp_clients
smtpd_authorized_verp_clients	@	smtpd
smtpd_authorized_xclient_hosts	s
smtpd_authorized_xclient_hosts	@	smtpd
smtpd_authorized_xforward_hosts	s
smtpd_authorized_xforward_hosts	@	smtpd
smtpd_banner	s		1		$myhostname ESMTP $mail_name
smtpd_banner	@	postscreen,smtpd
smtpd_client_auth_rate_limit	i	3.1.0			0
smtpd_client_auth_rate_limit	@	smtpd
smtpd_client_connection_count_limit	i				50
smtpd_client_connection_count_limit	@	postscreen,smtpd
smtpd_client_connection_rate_limit	i				0
smtpd_client_connection_rate_limit	@	smtpd
smtpd_client_event_limit_exceptions	s				${smtpd_client_connection_limit_exceptions:$mynetworks}
smtpd_client_event_limit_exceptions	@	smtpd
smtpd_client_ipv4_prefix_length	i	3.8.0		32	32
smtpd_client_ipv4_prefix_length	@	smtpd
smtpd_client_ipv6_prefix_length	i	3.8.0		128	84
smtpd_client_ipv6_prefix_length	@	smtpd
smtpd_client_message_rate_limit	i				0
smtpd_client_message_rate_limit	@	smtpd
smtpd_client_new_tls_session_rate_limit	i				0
smtpd_client_new_tls_session_rate_limit	@	smtpd
smtpd_client_port_logging	b				no
smtpd_client_port_logging	@	smtpd
smtpd_client_recipient_rate_limit	i				0
smtpd_client_recipient_rate_limit	@	smtpd
smtpd_client_restrictions	s
smtpd_client_restrictions	@	smtpd
smtpd_command_filter	s	2.7.0
smtpd_command_filter	@	postscreen,smtpd
smtpd_data_restrictions	s
smtpd_data_restrictions	@	smtpd
smtpd_delay_open_until_valid_rcpt	b				yes
smtpd_delay_open_until_valid_rcpt	@	smtpd
smtpd_delay_reject	b				yes
smtpd_delay_reject	@	smtpd
smtpd_discard_ehlo_keyword_address_maps	s
smtpd_discard_ehlo_keyword_address_maps	@	postscreen,smtpd
smtpd_discard_ehlo_keywords	s
smtpd_discard_ehlo_keywords	@	postscreen,smtpd
smtpd_dns_reply_filter	s	3.0.0
smtpd_dns_reply_filter	@	smtpd
smtpd_end_of_data_restrictions	s
smtpd_end_of_data_restrictions	@	smtpd
smtpd_enforce_tls	b				no
smtpd_enforce_tls	@	postscreen,smtpd,tlsproxy
smtpd_error_sleep_time	t				1s
smtpd_error_sleep_time	@	smtpd
smtpd_etrn_restrictions	s
smtpd_etrn_restrictions	@	smtpd
smtpd_expansion_filter	r		1		\t\40!"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~
smtpd_expansion_filter	@	postscreen,smtpd
smtpd_forbid_bare_newline	b	3.5.23			no
smtpd_forbid_bare_newline	s	3.5.24	1		no
smtpd_forbid_bare_newline	-	3.6.0
smtpd_forbid_bare_newline	b	3.6.13			no
smtpd_forbid_bare_newline	s	3.6.14	1		no
smtpd_forbid_bare_newline	-	3.7.0
smtpd_forbid_bare_newline	b	3.7.9			no
smtpd_forbid_bare_newline	s	3.7.10	1		no
smtpd_forbid_bare_newline	-	3.8.0
smtpd_forbid_bare_newline	b	3.8.4			no
smtpd_forbid_bare_newline	s	3.8.5	1		no
smtpd_forbid_bare_newline	s	3.9.0	1		normalize
smtpd_forbid_bare_newline	@	smtpd
smtpd_forbid_bare_newline_exclusions	s	3.5.23			$mynetworks
smtpd_forbid_bare_newline_exclusions	-	3.6.0
smtpd_forbid_bare_newline_exclusions	s	3.6.13			$mynetworks
smtpd_forbid_bare_newline_exclusions	-	3.7.0
smtpd_forbid_bare_newline_exclusions	s	3.7.9			$mynetworks
smtpd_forbid_bare_newline_exclusions	-	3.8.0
smtpd_forbid_bare_newline_exclusions	s	3.8.4			$mynetworks
smtpd_forbid_bare_newline_exclusions	@	smtpd
smtpd_forbid_bare_newline_reject_code	i	3.5.24	500	599	550
smtpd_forbid_bare_newline_reject_code	-	3.6.0
smtpd_forbid_bare_newline_reject_code	i	3.6.14	500	599	550
smtpd_forbid_bare_newline_reject_code	-	3.7.0
smtpd_forbid_bare_newline_reject_code	i	3.7.10	500	599	550
smtpd_forbid_bare_newline_reject_code	-	3.8.0
smtpd_forbid_bare_newline_reject_code	i	3.8.5	500	599	550
smtpd_forbid_bare_newline_reject_code	@	smtpd
smtpd_forbid_unauth_pipelining	b	3.5.20			no
smtpd_forbid_unauth_pipelining	-	3.6.0
smtpd_forbid_unauth_pipelining	b	3.6.10			no
smtpd_forbid_unauth_pipelining	-	3.7.0
smtpd_forbid_unauth_pipelining	b	3.7.6			no
smtpd_forbid_unauth_pipelining	-	3.8.0
smtpd_forbid_unauth_pipelining	b	3.8.1			no
smtpd_forbid_unauth_pipelining	b	3.9.0			yes
smtpd_forbid_unauth_pipelining	@	smtpd
smtpd_forbidden_commands	s				CONNECT GET POST
smtpd_forbidden_commands	s	3.7.0			CONNECT GET POST regexp:{{/^[^A-Z]/ Bogus}}
smtpd_forbidden_commands	@	postscreen,proxymap,smtpd
smtpd_hard_error_limit	n		1		${stress?1}${stress:20}
smtpd_hard_error_limit	n	3.0.0	1		${stress?{1}:{20}}
smtpd_hard_error_limit	@	smtpd
smtpd_helo_required	b				no
smtpd_helo_required	@	postscreen,smtpd
smtpd_helo_restrictions	s
smtpd_helo_restrictions	@	smtpd
smtpd_hide_client_session	c	3.10.0			no
smtpd_hide_client_session	@	smtpd
smtpd_history_flush_threshold	i		1		100
smtpd_history_flush_threshold	@	smtpd
smtpd_junk_command_limit	n		1		${stress?1}${stress:100}
smtpd_junk_command_limit	n	3.0.0	1		${stress?{1}:{100}}
smtpd_junk_command_limit	@	smtpd
smtpd_log_access_permit_actions	s	2.10.0
smtpd_log_access_permit_actions	@	smtpd
smtpd_milter_maps	s	3.2.0
smtpd_milter_maps	@	smtpd
smtpd_milters	s
smtpd_milters	@	smtpd
smtpd_min_data_rate	i	3.7.0	1		500
smtpd_min_data_rate	@	smtpd
smtpd_noop_commands	s
smtpd_noop_commands	@	smtpd
smtpd_null_access_lookup_key	s				<>
smtpd_null_access_lookup_key	@	smtpd
smtpd_peername_lookup	b				yes
smtpd_peername_lookup	@	smtpd
smtpd_per_record_deadline	c	2.9.0			${stress?yes}${stress:no}
smtpd_per_record_deadline	c	3.0.0			${stress?{yes}:{no}}
smtpd_per_record_deadline	-	3.7.0
smtpd_per_record_deadline	@	smtpd
smtpd_per_request_deadline	c	3.7.0			${smtpd_per_record_deadline?{$smtpd_per_record_deadline}:{${stress?{yes}:{no}}}}
smtpd_per_request_deadline	@	smtpd
smtpd_policy_service_default_action	s	3.0.0	1		451 4.3.5 Server configuration problem
smtpd_policy_service_default_action	@	smtpd
smtpd_policy_service_max_idle	t		1		300s
smtpd_policy_service_max_idle	@	smtpd
smtpd_policy_service_max_ttl	t		1		1000s
smtpd_policy_service_max_ttl	@	smtpd
smtpd_policy_service_policy_context	s	3.1.0
smtpd_policy_service_policy_context	@	smtpd
smtpd_policy_service_request_limit	i	3.0.0			0
smtpd_policy_service_request_limit	@	smtpd
smtpd_policy_service_retry_delay	t	3.0.0	1		1s
smtpd_policy_service_retry_delay	@	smtpd
smtpd_policy_service_timeout	t		1		100s
smtpd_policy_service_timeout	@	smtpd
smtpd_policy_service_try_limit	i	3.0.0	1		2
smtpd_policy_service_try_limit	@	smtpd
smtpd_proxy_ehlo	s				$myhostname
smtpd_proxy_ehlo	@	smtpd
smtpd_proxy_filter	s
smtpd_proxy_filter	@	smtpd
smtpd_proxy_options	s	2.7.0
smtpd_proxy_options	@	smtpd
smtpd_proxy_timeout	t		1		100s
smtpd_proxy_timeout	@	smtpd
smtpd_recipient_limit	i		1		1000
smtpd_recipient_limit	@	smtpd
smtpd_recipient_overshoot_limit	i		1		1000
smtpd_recipient_overshoot_limit	@	smtpd
smtpd_recipient_restrictions	s				permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions	s	2.10.0
smtpd_recipient_restrictions	@	smtpd
smtpd_reject_filter_maps	s	3.11.0
smtpd_reject_filter_maps	@	smtpd
smtpd_reject_footer	r	2.8.0
smtpd_reject_footer	@	postscreen,smtpd
smtpd_reject_footer_maps	s	3.4.0
smtpd_reject_footer_maps	@	smtpd
smtpd_reject_unlisted_recipient	b				yes
smtpd_reject_unlisted_recipient	@	smtpd
smtpd_reject_unlisted_sender	b				no
smtpd_reject_unlisted_sender	@	smtpd
smtpd_relay_before_recipient_restrictions	c	3.6.0			${{$compatibility_level} <level {3.6} ? {no} : {yes}}
smtpd_relay_before_recipient_restrictions	@	smtpd
smtpd_relay_restrictions	s	2.10.0			permit_mynetworks, reject_unauth_destination
smtpd_relay_restrictions	s	2.10.1			permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination
smtpd_relay_restrictions	s	3.3.0			${{$compatibility_level} < {1} ? {} : {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}
smtpd_relay_restrictions	s	3.6.0			${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}
smtpd_relay_restrictions	@	smtpd
smtpd_restriction_classes	s
smtpd_restriction_classes	@	proxymap,smtpd
smtpd_sasl_auth_enable	b				no
smtpd_sasl_auth_enable	@	smtpd
smtpd_sasl_authenticated_header	b				no
smtpd_sasl_authenticated_header	@	smtpd
smtpd_sasl_exceptions_networks	s
smtpd_sasl_exceptions_networks	@	smtpd
smtpd_sasl_local_domain	s
smtpd_sasl_local_domain	@	smtpd
smtpd_sasl_mechanism_filter	s	3.6.0			!external, static:rest
smtpd_sasl_mechanism_filter	@	smtpd
smtpd_sasl_path	s		1		smtpd
smtpd_sasl_path	@	smtpd
smtpd_sasl_response_limit	i	3.4.0	12288		12288
smtpd_sasl_response_limit	@	smtpd
smtpd_sasl_security_options	s				noanonymous
smtpd_sasl_security_options	@	smtpd
smtpd_sasl_service	s	2.11.0	1		smtp
smtpd_sasl_service	@	smtpd
smtpd_sasl_tls_security_options	s				$smtpd_sasl_security_options
smtpd_sasl_tls_security_options	@	smtpd
smtpd_sasl_type	s		1		cyrus
smtpd_sasl_type	@	smtpd
smtpd_sender_login_maps	s
smtpd_sender_login_maps	@	proxymap,smtpd
smtpd_sender_restrictions	s
smtpd_sender_restrictions	@	smtpd
smtpd_service_name	s	2.8.0	1		smtpd
smtpd_service_name	@	postscreen
smtpd_soft_error_limit	n		1		10
smtpd_soft_error_limit	@	smtpd
smtpd_starttls_timeout	t		1		300s
smtpd_starttls_timeout	t	2.8.0	1		${stress?10}${stress:300}s
smtpd_starttls_timeout	t	3.0.0	1		${stress?{10}:{300}}s
smtpd_starttls_timeout	@	smtpd
smtpd_timeout	t		1		${stress?10}${stress:300}s
smtpd_timeout	t	3.0.0	1		${stress?{10}:{300}}s
smtpd_timeout	@	smtpd
smtpd_tls_CAfile	s
smtpd_tls_CAfile	@	smtpd,tlsproxy
smtpd_tls_CApath	s
smtpd_tls_CApath	@	smtpd,tlsproxy
smtpd_tls_always_issue_session_ids	b				yes
smtpd_tls_always_issue_session_ids	@	smtpd,tlsproxy
smtpd_tls_ask_ccert	b				no
smtpd_tls_ask_ccert	@	smtpd,tlsproxy
smtpd_tls_auth_only	b				no
smtpd_tls_auth_only	@	smtpd
smtpd_tls_ccert_verifydepth	i				9
smtpd_tls_ccert_verifydepth	@	smtpd,tlsproxy
smtpd_tls_cert_file	s
smtpd_tls_cert_file	@	smtpd,tlsproxy
smtpd_tls_chain_files	s	3.4.0
smtpd_tls_chain_files	@	smtpd,tlsproxy
smtpd_tls_ciphers	s		1		export
smtpd_tls_ciphers	s	2.9.14	1		medium
smtpd_tls_ciphers	s	2.10.0	1		export
smtpd_tls_ciphers	s	2.10.8	1		medium
smtpd_tls_ciphers	s	2.11.0	1		export
smtpd_tls_ciphers	s	2.11.6	1		medium
smtpd_tls_ciphers	s	3.0.0	1		export
smtpd_tls_ciphers	s	3.0.2	1		medium
smtpd_tls_ciphers	@	smtpd,tlsproxy
smtpd_tls_dcert_file	s
smtpd_tls_dcert_file	@	smtpd,tlsproxy
smtpd_tls_dh1024_param_file	s
smtpd_tls_dh1024_param_file	@	smtpd,tlsproxy
smtpd_tls_dh512_param_file	s
smtpd_tls_dh512_param_file	@	smtpd,tlsproxy
smtpd_tls_dkey_file	s				$smtpd_tls_dcert_file
smtpd_tls_dkey_file	@	smtpd,tlsproxy
smtpd_tls_eccert_file	s
smtpd_tls_eccert_file	@	smtpd,tlsproxy
smtpd_tls_eckey_file	s				$smtpd_tls_eccert_file
smtpd_tls_eckey_file	@	smtpd,tlsproxy
smtpd_tls_eecdh_grade	s		1		none
smtpd_tls_eecdh_grade	s	2.8.0	1		strong
smtpd_tls_eecdh_grade	s	3.4.0	1		auto
smtpd_tls_eecdh_grade	@	smtpd,tlsproxy
smtpd_tls_enable_rpk	b	3.9.0			no
smtpd_tls_enable_rpk	@	smtpd,tlsproxy
smtpd_tls_exclude_ciphers	s
smtpd_tls_exclude_ciphers	@	smtpd,tlsproxy
smtpd_tls_fingerprint_digest	s		1		md5
smtpd_tls_fingerprint_digest	s	3.6.0	1		${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}
smtpd_tls_fingerprint_digest	@	smtpd,tlsproxy
smtpd_tls_key_file	s				$smtpd_tls_cert_file
smtpd_tls_key_file	@	smtpd,tlsproxy
smtpd_tls_loglevel	i				0
smtpd_tls_loglevel	s	2.9.0			0
smtpd_tls_loglevel	@	smtpd,tlsmgr,tlsproxy
smtpd_tls_mandatory_ciphers	s		1		medium
smtpd_tls_mandatory_ciphers	@	smtpd,tlsproxy
smtpd_tls_mandatory_exclude_ciphers	s
smtpd_tls_mandatory_exclude_ciphers	@	smtpd,tlsproxy
smtpd_tls_mandatory_protocols	s				SSLv3, TLSv1
smtpd_tls_mandatory_protocols	s	2.6.15			!SSLv2
smtpd_tls_mandatory_protocols	s	2.7.0			SSLv3, TLSv1
smtpd_tls_mandatory_protocols	s	2.7.9			!SSLv2
smtpd_tls_mandatory_protocols	s	2.8.0			SSLv3, TLSv1
smtpd_tls_mandatory_protocols	s	2.8.10			!SSLv2
smtpd_tls_mandatory_protocols	s	2.9.0			SSLv3, TLSv1
smtpd_tls_mandatory_protocols	s	2.9.2			!SSLv2
smtpd_tls_mandatory_protocols	s	2.9.14			!SSLv2, !SSLv3
smtpd_tls_mandatory_protocols	s	2.10.0			!SSLv2
smtpd_tls_mandatory_protocols	s	2.10.8			!SSLv2, !SSLv3
smtpd_tls_mandatory_protocols	s	2.11.0			!SSLv2
smtpd_tls_mandatory_protocols	s	2.11.6			!SSLv2, !SSLv3
smtpd_tls_mandatory_protocols	s	3.0.0			!SSLv2
smtpd_tls_mandatory_protocols	s	3.0.2			!SSLv2, !SSLv3
smtpd_tls_mandatory_protocols	s	3.6.0			>=TLSv1
smtpd_tls_mandatory_protocols	@	smtpd,tlsproxy
smtpd_tls_protocols	s
smtpd_tls_protocols	s	2.9.14			!SSLv2, !SSLv3
smtpd_tls_protocols	s	2.10.0
smtpd_tls_protocols	s	2.10.8			!SSLv2, !SSLv3
smtpd_tls_protocols	s	2.11.0
smtpd_tls_protocols	s	2.11.6			!SSLv2, !SSLv3
smtpd_tls_protocols	s	3.0.0
smtpd_tls_protocols	s	3.0.2			!SSLv2, !SSLv3
smtpd_tls_protocols	s	3.6.0			>=TLSv1
smtpd_tls_protocols	@	smtpd,tlsproxy
smtpd_tls_received_header	b				no
smtpd_tls_received_header	@	smtpd
smtpd_tls_req_ccert	b				no
smtpd_tls_req_ccert	@	smtpd,tlsproxy
smtpd_tls_security_level	s
smtpd_tls_security_level	@	postscreen,smtpd,tlsproxy
smtpd_tls_session_cache_database	s
smtpd_tls_session_cache_database	@	tlsmgr
smtpd_tls_session_cache_timeout	t				3600s
smtpd_tls_session_cache_timeout	t	2.11.0		8640000	3600s
smtpd_tls_session_cache_timeout	@	smtpd,tlsmgr,tlsproxy
smtpd_tls_wrappermode	b				no
smtpd_tls_wrappermode	@	smtpd
smtpd_upstream_proxy_protocol	s	2.10.0
smtpd_upstream_proxy_protocol	@	smtpd
smtpd_upstream_proxy_timeout	t	2.10.0	1		5s
smtpd_upstream_proxy_timeout	@	smtpd
smtpd_use_tls	b				no
smtpd_use_tls	@	postscreen,smtpd,tlsproxy
smtputf8_autodetect_classes	s	3.0.0	1		sendmail, verify
smtputf8_autodetect_classes	@	global
smtputf8_enable	c	3.0.0			${{$compatibility_level} < {1} ? {no} : {yes}}
smtputf8_enable	c	3.6.0			${{$compatibility_level} <level {1} ? {no} : {yes}}
smtputf8_enable	@	global
socketmap_max_reply_size	i	3.10.0	1		100000
socketmap_max_reply_size	@	global
soft_bounce	b				no
soft_bounce	@	global
stale_lock_time	t		1		500s
stale_lock_time	@	global
stress	s
stress	@	smtpd
strict_7bit_headers	b				no
strict_7bit_headers	@	global
strict_8bitmime	b				no
strict_8bitmime	@	global
strict_8bitmime_body	b				no
strict_8bitmime_body	@	global
strict_mailbox_ownership	b				yes
strict_mailbox_ownership	@	local,virtual
strict_mime_encoding_domain	b				no
strict_mime_encoding_domain	@	global
strict_rfc821_envelopes	b				no
strict_rfc821_envelopes	@	smtpd
strict_smtputf8	b	3.0.0			no
strict_smtputf8	@	global
sun_mailtool_compatibility	b				no
sun_mailtool_compatibility	@	local
swap_bangpath	b				yes
swap_bangpath	@	trivial-rewrite
syslog_facility	s		1		mail
syslog_facility	@	global
syslog_name	s		1		${multi_instance_name:postfix}${multi_instance_name?$multi_instance_name}
syslog_name	s	3.0.0	1		${multi_instance_name?{$multi_instance_name}:{postfix}}
syslog_name	@	global
tcp_windowsize	i				0
tcp_windowsize	@	global
tls_append_default_CA	b	2.6.8			no
tls_append_default_CA	-	2.7.0
tls_append_default_CA	b	2.7.2			no
tls_append_default_CA	@	tls
tls_config_file	s	3.5.20			default
tls_config_file	-	3.6.0
tls_config_file	s	3.6.10			default
tls_config_file	-	3.7.0
tls_config_file	s	3.7.6			default
tls_config_file	-	3.8.0
tls_config_file	s	3.8.1			default
tls_config_file	@	tls
tls_config_name	s	3.5.20
tls_config_name	-	3.6.0
tls_config_name	s	3.6.10
tls_config_name	-	3.7.0
tls_config_name	s	3.7.6
tls_config_name	-	3.8.0
tls_config_name	s	3.8.1
tls_config_name	@	tls
tls_daemon_random_bytes	i		1		32
tls_daemon_random_bytes	@	tls
tls_dane_digest_agility	s	2.11.0	1		on
tls_dane_digest_agility	-	3.4.0
tls_dane_digest_agility	@	tls
tls_dane_digests	s	2.11.0	1		sha512 sha256
tls_dane_digests	@	tls
tls_dane_trust_anchor_digest_enable	b	2.11.0			yes
tls_dane_trust_anchor_digest_enable	-	3.4.0
tls_dane_trust_anchor_digest_enable	@	tls
tls_disable_workarounds	s	2.8.0
tls_disable_workarounds	@	tls
tls_eecdh_auto_curves	s	3.2.0	1		X25519 X448 prime256v1 secp521r1 secp384r1
tls_eecdh_auto_curves	s	3.6.17			X25519 X448 prime256v1 secp521r1 secp384r1
tls_eecdh_auto_curves	s	3.7.0	1		X25519 X448 prime256v1 secp521r1 secp384r1
tls_eecdh_auto_curves	s	3.7.13			X25519 X448 prime256v1 secp521r1 secp384r1
tls_eecdh_auto_curves	s	3.10.0			X25519 X448 prime256v1 secp384r1 secp521r1
tls_eecdh_auto_curves	@	tls
tls_eecdh_strong_curve	s		1		prime256v1
tls_eecdh_strong_curve	s	3.6.17			prime256v1
tls_eecdh_strong_curve	s	3.7.0	1		prime256v1
tls_eecdh_strong_curve	s	3.7.13			prime256v1
tls_eecdh_strong_curve	s	3.8.0	1		prime256v1
tls_eecdh_strong_curve	s	3.8.8			prime256v1
tls_eecdh_strong_curve	s	3.9.0	1		prime256v1
tls_eecdh_strong_curve	s	3.9.2			prime256v1
tls_eecdh_strong_curve	@	tls
tls_eecdh_ultra_curve	s		1		secp384r1
tls_eecdh_ultra_curve	s	3.6.17			secp384r1
tls_eecdh_ultra_curve	s	3.7.0	1		secp384r1
tls_eecdh_ultra_curve	s	3.7.13			secp384r1
tls_eecdh_ultra_curve	s	3.8.0	1		secp384r1
tls_eecdh_ultra_curve	s	3.8.8			secp384r1
tls_eecdh_ultra_curve	s	3.9.0	1		secp384r1
tls_eecdh_ultra_curve	s	3.9.2			secp384r1
tls_eecdh_ultra_curve	@	tls
tls_export_cipherlist	s		1		ALL:+RC4:@STRENGTH
tls_export_cipherlist	s	3.1.0	1		HIGH:MEDIUM:LOW:EXPORT:+RC4:@STRENGTH
tls_export_cipherlist	s	3.4.0	1		aNULL:-aNULL:HIGH:MEDIUM:LOW:EXPORT:+RC4:@STRENGTH
tls_export_cipherlist	s	3.8.0
tls_export_cipherlist	@	tls
tls_fast_shutdown	b	3.1.13			yes
tls_fast_shutdown	-	3.1.14
tls_fast_shutdown	b	3.2.10			yes
tls_fast_shutdown	-	3.2.11
tls_fast_shutdown	b	3.3.5			yes
tls_fast_shutdown	-	3.3.6
tls_fast_shutdown	b	3.4.6			yes
tls_fast_shutdown	-	3.4.7
tls_fast_shutdown	@	tls
tls_fast_shutdown_enable	b	3.1.14			yes
tls_fast_shutdown_enable	-	3.2.0
tls_fast_shutdown_enable	b	3.2.11			yes
tls_fast_shutdown_enable	-	3.3.0
tls_fast_shutdown_enable	b	3.3.6			yes
tls_fast_shutdown_enable	-	3.4.0
tls_fast_shutdown_enable	b	3.4.7			yes
tls_fast_shutdown_enable	@	tls
tls_ffdhe_auto_groups	s	3.8.0			ffdhe2048 ffdhe3072
tls_ffdhe_auto_groups	@	tls
tls_high_cipherlist	s		1		ALL:!EXPORT:!LOW:!MEDIUM:+RC4:@STRENGTH
tls_high_cipherlist	s	3.1.0	1		HIGH:@STRENGTH
tls_high_cipherlist	s	3.4.0	1		aNULL:-aNULL:HIGH:@STRENGTH
tls_high_cipherlist	s	3.8.0	1		aNULL:-aNULL:HIGH:!SEED:!IDEA:!3DES:!RC2:!RC4:!RC5:!kDH:!kECDH:!aDSS:!MD5:@STRENGTH
tls_high_cipherlist	@	tls
tls_legacy_public_key_fingerprints	b	2.9.6			no
tls_legacy_public_key_fingerprints	-	3.11.0
tls_legacy_public_key_fingerprints	@	tls
tls_low_cipherlist	s		1		ALL:!EXPORT:+RC4:@STRENGTH
tls_low_cipherlist	s	3.1.0	1		HIGH:MEDIUM:LOW:+RC4:@STRENGTH
tls_low_cipherlist	s	3.4.0	1		aNULL:-aNULL:HIGH:MEDIUM:LOW:+RC4:@STRENGTH
tls_low_cipherlist	s	3.8.0
tls_low_cipherlist	@	tls
tls_medium_cipherlist	s		1		ALL:!EXPORT:!LOW:+RC4:@STRENGTH
tls_medium_cipherlist	s	3.1.0	1		HIGH:MEDIUM:+RC4:@STRENGTH
tls_medium_cipherlist	s	3.4.0	1		aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH
tls_medium_cipherlist	s	3.8.0	1		aNULL:-aNULL:HIGH:MEDIUM:!SEED:!IDEA:!3DES:!RC2:!RC4:!RC5:!kDH:!kECDH:!aDSS:!MD5:+RC4:@STRENGTH
tls_medium_cipherlist	@	tls
tls_null_cipherlist	s		1		eNULL:!aNULL
tls_null_cipherlist	s	3.8.0	1		eNULL:!kDH:!kECDH:!aDSS:!MD5:!aNULL
tls_null_cipherlist	@	tls
tls_preempt_cipherlist	b	2.8.0			no
tls_preempt_cipherlist	@	tls
tls_random_bytes	i		1		32
tls_random_bytes	@	tlsmgr
tls_random_exchange_name	s				${data_directory}/prng_exch
tls_random_exchange_name	@	tlsmgr
tls_random_prng_update_period	t		1		3600s
tls_random_prng_update_period	@	tlsmgr
tls_random_reseed_period	t		1		3600s
tls_random_reseed_period	@	tlsmgr
tls_random_source	s				dev:/dev/urandom
tls_random_source	@	tlsmgr
tls_required_enable	c	3.10.0			yes
tls_required_enable	@	global
tls_server_sni_maps	s	3.4.0
tls_server_sni_maps	@	tls
tls_session_ticket_cipher	s	3.0.0			aes-128-cbc
tls_session_ticket_cipher	s	3.0.6			aes-256-cbc
tls_session_ticket_cipher	s	3.1.0			aes-128-cbc
tls_session_ticket_cipher	s	3.1.2			aes-256-cbc
tls_session_ticket_cipher	@	tls
tls_ssl_options	s	2.11.0
tls_ssl_options	@	tls
tls_wildcard_matches_multiple_labels	b	2.11.0			yes
tls_wildcard_matches_multiple_labels	@	tls
tlsmgr_service_name	s	2.11.0	1		tlsmgr
tlsmgr_service_name	@	tls
tlsproxy_client_CAfile	s	3.4.0			$smtp_tls_CAfile
tlsproxy_client_CAfile	@	tlsproxy
tlsproxy_client_CApath	s	3.4.0			$smtp_tls_CApath
tlsproxy_client_CApath	@	tlsproxy
tlsproxy_client_cert_file	s	3.4.0			$smtp_tls_cert_file
tlsproxy_client_cert_file	@	tlsproxy
tlsproxy_client_chain_files	s	3.4.0			$smtp_tls_chain_files
tlsproxy_client_chain_files	@	tlsproxy
tlsproxy_client_dcert_file	s	3.4.0			$smtp_tls_dcert_file
tlsproxy_client_dcert_file	@	tlsproxy
tlsproxy_client_dkey_file	s	3.4.0			$smtp_tls_dkey_file
tlsproxy_client_dkey_file	@	tlsproxy
tlsproxy_client_eccert_file	s	3.4.0			$smtp_tls_eccert_file
tlsproxy_client_eccert_file	@	tlsproxy
tlsproxy_client_eckey_file	s	3.4.0			$smtp_tls_eckey_file
tlsproxy_client_eckey_file	@	tlsproxy
tlsproxy_client_enforce_tls	c	3.4.0			$smtp_enforce_tls
tlsproxy_client_enforce_tls	@	tlsproxy
tlsproxy_client_fingerprint_digest	s	3.4.0	1		$smtp_tls_fingerprint_digest
tlsproxy_client_fingerprint_digest	@	tlsproxy
tlsproxy_client_key_file	s	3.4.0			$smtp_tls_key_file
tlsproxy_client_key_file	@	tlsproxy
tlsproxy_client_level	s	3.4.0			$smtp_tls_security_level
tlsproxy_client_level	-	3.7.0
tlsproxy_client_level	@	tlsproxy
tlsproxy_client_loglevel	s	3.4.0			$smtp_tls_loglevel
tlsproxy_client_loglevel	@	tlsproxy
tlsproxy_client_loglevel_parameter	s	3.4.0			smtp_tls_loglevel
tlsproxy_client_loglevel_parameter	@	tlsproxy
tlsproxy_client_per_site	s	3.4.0			$smtp_tls_per_site
tlsproxy_client_per_site	@	tlsproxy
tlsproxy_client_policy	s	3.4.0			$smtp_tls_policy_maps
tlsproxy_client_policy	-	3.7.0
tlsproxy_client_policy	@	tlsproxy
tlsproxy_client_policy_maps	s	3.7.0			${tlsproxy_client_policy:$smtp_tls_policy_maps}
tlsproxy_client_policy_maps	s	3.7.16			${tlsproxy_client_policy?{$tlsproxy_client_policy}:{$smtp_tls_policy_maps}}
tlsproxy_client_policy_maps	s	3.8.0			${tlsproxy_client_policy:$smtp_tls_policy_maps}
tlsproxy_client_policy_maps	s	3.8.11			${tlsproxy_client_policy?{$tlsproxy_client_policy}:{$smtp_tls_policy_maps}}
tlsproxy_client_policy_maps	s	3.9.0			${tlsproxy_client_policy:$smtp_tls_policy_maps}
tlsproxy_client_policy_maps	s	3.9.5			${tlsproxy_client_policy?{$tlsproxy_client_policy}:{$smtp_tls_policy_maps}}
tlsproxy_client_policy_maps	s	3.10.0			${tlsproxy_client_policy:$smtp_tls_policy_maps}
tlsproxy_client_policy_maps	s	3.10.4			${tlsproxy_client_policy?{$tlsproxy_client_policy}:{$smtp_tls_policy_maps}}
tlsproxy_client_policy_maps	@	tlsproxy
tlsproxy_client_scert_verifydepth	n	3.4.0			$smtp_tls_scert_verifydepth
tlsproxy_client_scert_verifydepth	@	tlsproxy
tlsproxy_client_security_level	s	3.7.0			${tlsproxy_client_level:$smtp_tls_security_level}
tlsproxy_client_security_level	s	3.7.16			${tlsproxy_client_level?{$tlsproxy_client_level}:{$smtp_tls_security_level}}
tlsproxy_client_security_level	s	3.8.0			${tlsproxy_client_level:$smtp_tls_security_level}
tlsproxy_client_security_level	s	3.8.11			${tlsproxy_client_level?{$tlsproxy_client_level}:{$smtp_tls_security_level}}
tlsproxy_client_security_level	s	3.9.0			${tlsproxy_client_level:$smtp_tls_security_level}
tlsproxy_client_security_level	s	3.9.5			${tlsproxy_client_level?{$tlsproxy_client_level}:{$smtp_tls_security_level}}
tlsproxy_client_security_level	s	3.10.0			${tlsproxy_client_level:$smtp_tls_security_level}
tlsproxy_client_security_level	s	3.10.4			${tlsproxy_client_level?{$tlsproxy_client_level}:{$smtp_tls_security_level}}
tlsproxy_client_security_level	@	tlsproxy
tlsproxy_client_use_tls	c	3.4.0			$smtp_use_tls
tlsproxy_client_use_tls	@	tlsproxy
tlsproxy_enforce_tls	c	2.8.0			$smtpd_enforce_tls
tlsproxy_enforce_tls	@	tlsproxy
tlsproxy_service_name	s	2.8.0	1		tlsproxy
tlsproxy_service_name	@	postscreen,smtp,smtpd
tlsproxy_tls_CAfile	s	2.8.0			$smtpd_tls_CAfile
tlsproxy_tls_CAfile	@	tlsproxy
tlsproxy_tls_CApath	s	2.8.0			$smtpd_tls_CApath
tlsproxy_tls_CApath	@	tlsproxy
tlsproxy_tls_always_issue_session_ids	c	2.8.0			$smtpd_tls_always_issue_session_ids
tlsproxy_tls_always_issue_session_ids	@	tlsproxy
tlsproxy_tls_ask_ccert	c	2.8.0			$smtpd_tls_ask_ccert
tlsproxy_tls_ask_ccert	@	tlsproxy
tlsproxy_tls_ccert_verifydepth	n	2.8.0			$smtpd_tls_ccert_verifydepth
tlsproxy_tls_ccert_verifydepth	@	tlsproxy
tlsproxy_tls_cert_file	s	2.8.0			$smtpd_tls_cert_file
tlsproxy_tls_cert_file	@	tlsproxy
tlsproxy_tls_chain_files	s	3.4.0			$smtpd_tls_chain_files
tlsproxy_tls_chain_files	@	tlsproxy
tlsproxy_tls_ciphers	s	2.8.0	1		$smtpd_tls_ciphers
tlsproxy_tls_ciphers	@	tlsproxy
tlsproxy_tls_dcert_file	s	2.8.0			$smtpd_tls_dcert_file
tlsproxy_tls_dcert_file	@	tlsproxy
tlsproxy_tls_dh1024_param_file	s	2.8.0			$smtpd_tls_dh1024_param_file
tlsproxy_tls_dh1024_param_file	@	tlsproxy
tlsproxy_tls_dh512_param_file	s	2.8.0			$smtpd_tls_dh512_param_file
tlsproxy_tls_dh512_param_file	@	tlsproxy
tlsproxy_tls_dkey_file	s	2.8.0			$smtpd_tls_dkey_file
tlsproxy_tls_dkey_file	@	tlsproxy
tlsproxy_tls_eccert_file	s	2.8.0			$smtpd_tls_eccert_file
tlsproxy_tls_eccert_file	@	tlsproxy
tlsproxy_tls_eckey_file	s	2.8.0			$smtpd_tls_eckey_file
tlsproxy_tls_eckey_file	@	tlsproxy
tlsproxy_tls_eecdh_grade	s	2.8.0	1		$smtpd_tls_eecdh_grade
tlsproxy_tls_eecdh_grade	@	tlsproxy
tlsproxy_tls_enable_rpk	c	3.9.0			$smtpd_tls_enable_rpk
tlsproxy_tls_enable_rpk	@	tlsproxy
tlsproxy_tls_exclude_ciphers	s	2.8.0			$smtpd_tls_exclude_ciphers
tlsproxy_tls_exclude_ciphers	@	tlsproxy
tlsproxy_tls_fingerprint_digest	s	2.8.0	1		$smtpd_tls_fingerprint_digest
tlsproxy_tls_fingerprint_digest	@	tlsproxy
tlsproxy_tls_key_file	s	2.8.0			$smtpd_tls_key_file
tlsproxy_tls_key_file	@	tlsproxy
tlsproxy_tls_loglevel	n	2.8.0			$smtpd_tls_loglevel
tlsproxy_tls_loglevel	s	2.9.0			$smtpd_tls_loglevel
tlsproxy_tls_loglevel	@	tlsproxy
tlsproxy_tls_mandatory_ciphers	s	2.8.0	1		$smtpd_tls_mandatory_ciphers
tlsproxy_tls_mandatory_ciphers	@	tlsproxy
tlsproxy_tls_mandatory_exclude_ciphers	s	2.8.0			$smtpd_tls_mandatory_exclude_ciphers
tlsproxy_tls_mandatory_exclude_ciphers	@	tlsproxy
tlsproxy_tls_mandatory_protocols	s	2.8.0			$smtpd_tls_mandatory_protocols
tlsproxy_tls_mandatory_protocols	@	tlsproxy
tlsproxy_tls_protocols	s	2.8.0			$smtpd_tls_protocols
tlsproxy_tls_protocols	@	tlsproxy
tlsproxy_tls_req_ccert	c	2.8.0			$smtpd_tls_req_ccert
tlsproxy_tls_req_ccert	@	tlsproxy
tlsproxy_tls_security_level	s	2.8.0			$smtpd_tls_security_level
tlsproxy_tls_security_level	@	tlsproxy
tlsproxy_tls_session_cache_timeout	t	2.8.0			$smtpd_tls_session_cache_timeout
tlsproxy_tls_session_cache_timeout	-	2.11.0
tlsproxy_tls_session_cache_timeout	@	tlsproxy
tlsproxy_use_tls	c	2.8.0			$smtpd_use_tls
tlsproxy_use_tls	@	tlsproxy
tlsproxy_watchdog_timeout	t	2.8.0	10		10s
tlsproxy_watchdog_timeout	@	tlsproxy
trace_service_name	s		1		trace
trace_service_name	@	global
transport_maps	s
transport_maps	@	proxymap,trivial-rewrite
transport_retry_time	t		1		60s
transport_retry_time	@	oqmgr,qmgr
trigger_timeout	t		1		10s
trigger_timeout	@	global
undisclosed_recipients_header	s				To: undisclosed-recipients:;
undisclosed_recipients_header	s	2.8.0
undisclosed_recipients_header	@	cleanup
unknown_address_reject_code	i				450
unknown_address_reject_code	@	smtpd
unknown_address_tempfail_action	s		1		$reject_tempfail_action
unknown_address_tempfail_action	@	smtpd
unknown_client_reject_code	i				450
unknown_client_reject_code	@	smtpd
unknown_helo_hostname_tempfail_action	s		1		$reject_tempfail_action
unknown_helo_hostname_tempfail_action	@	smtpd
unknown_hostname_reject_code	i				450
unknown_hostname_reject_code	@	smtpd
unknown_local_recipient_reject_code	i				550
unknown_local_recipient_reject_code	@	smtpd
unknown_relay_recipient_reject_code	i				550
unknown_relay_recipient_reject_code	@	smtpd
unknown_virtual_alias_reject_code	i				550
unknown_virtual_alias_reject_code	@	smtpd
unknown_virtual_mailbox_reject_code	i				550
unknown_virtual_mailbox_reject_code	@	smtpd
unverified_recipient_defer_code	i		200	499	450
unverified_recipient_defer_code	@	smtpd
unverified_recipient_reject_code	i		200	599	450
unverified_recipient_reject_code	@	smtpd
unverified_recipient_reject_reason	s
unverified_recipient_reject_reason	@	smtpd
unverified_recipient_tempfail_action	s		1		$reject_tempfail_action
unverified_recipient_tempfail_action	@	smtpd
unverified_sender_defer_code	i		200	499	450
unverified_sender_defer_code	@	smtpd
unverified_sender_reject_code	i		200	599	450
unverified_sender_reject_code	@	smtpd
unverified_sender_reject_reason	s
unverified_sender_reject_reason	@	smtpd
unverified_sender_tempfail_action	s		1		$reject_tempfail_action
unverified_sender_tempfail_action	@	smtpd
use_srv_lookup	s	3.8.0
use_srv_lookup	@	smtp
verp_delimiter_filter	s		1		-=+
verp_delimiter_filter	@	global
virtual_alias_address_length_limit	i	3.0.0	1		1000
virtual_alias_address_length_limit	@	cleanup
virtual_alias_domains	s				$virtual_alias_maps
virtual_alias_domains	@	proxymap,trivial-rewrite
virtual_alias_expansion_limit	i		1		1000
virtual_alias_expansion_limit	@	cleanup
virtual_alias_maps	s				$virtual_maps
virtual_alias_maps	@	cleanup,proxymap,smtpd,trivial-rewrite
virtual_alias_recursion_limit	i		1		1000
virtual_alias_recursion_limit	@	cleanup
virtual_delivery_status_filter	s	3.0.0			$default_delivery_status_filter
virtual_delivery_status_filter	@	virtual
virtual_gid_maps	s
virtual_gid_maps	@	virtual
virtual_mailbox_base	s		1
virtual_mailbox_base	@	virtual
virtual_mailbox_domains	s				$virtual_mailbox_maps
virtual_mailbox_domains	@	proxymap,trivial-rewrite
virtual_mailbox_limit	i				51200000
virtual_mailbox_limit	l	2.9.0			51200000
virtual_mailbox_limit	@	virtual
virtual_mailbox_lock	s		1		fcntl, dotlock
virtual_mailbox_lock	@	virtual
virtual_mailbox_maps	s
virtual_mailbox_maps	@	proxymap,smtpd,trivial-rewrite,virtual
virtual_minimum_uid	i		1		100
virtual_minimum_uid	@	virtual
virtual_transport	s		1		virtual
virtual_transport	@	trivial-rewrite
virtual_uid_maps	s
virtual_uid_maps	@	virtual
DEF_COMMAND_DIR	=	command_directory
DEF_CONFIG_DIR	=	config_directory
DEF_DAEMON_DIR	=	daemon_directory
DEF_DATA_DIR	=	data_directory
DEF_HTML_DIR	=	html_directory
DEF_LMTP_CACHE_DEMAND	=	lmtp_connection_cache_on_demand
DEF_MAILQ_PATH	=	mailq_path
DEF_MAIL_SPOOL_DIR	=	mail_spool_directory
DEF_MANPAGE_DIR	=	manpage_directory
DEF_META_DIR	=	meta_directory
DEF_NEWALIAS_PATH	=	newaliases_path
DEF_OPENSSL_PATH	=	openssl_path
DEF_PID_DIR	=	process_id_directory
DEF_QUEUE_DIR	=	queue_directory
DEF_README_DIR	=	readme_directory
DEF_SAMPLE_DIR	=	sample_directory
DEF_SENDMAIL_PATH	=	sendmail_path
DEF_SHLIB_DIR	=	shlib_directory
DEF_SMTPUTF8_ENABLE	=	smtputf8_enable
DEF_SMTP_CACHE_DEMAND	=	smtp_connection_cache_on_demand
DEF_SYSLOG_FACILITY	=	syslog_facility
"""
