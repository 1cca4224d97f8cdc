# Folds the records of a tap into the names that hold at its end, one line each.
def put($list; $key; $value; $time):
  .[$list][$key] = ((.[$list][$key] // []) | if (.[0].time // $time) == $time then . else [] end) + [{value: $value, time: $time}];

reduce .[] as $record ({workloads: {}, services: {}, labels: []};
  $record.names as $names | $record.time as $time |
  if $names.content == "workloads" then
    reduce $names.list[] as $one (.; .workloads["\($one.namespace)/\($one.pod_name)"] =
      [{value: "\($one.kind)/\($one.name)", time: $time}])
  elif $names.content == "services" then
    reduce $names.list[] as $one (.; put("services"; "\($one.namespace)/\($one.name)";
      "\($one.address) \($one.port)/\($one.protocol)"; $time))
  elif $names.content == "node_labels" then .labels = $names.list
  elif $names.content == "removed" then
    reduce $names.list[] as $one (.;
      if $one.workload then del(.workloads["\($one.workload.namespace)/\($one.workload.pod_name)"])
      else del(.services["\($one.service.namespace)/\($one.service.name)"]) end)
  elif $names.content == "complete" then
    .[$names.detail] |= with_entries(select(.value[0].time == $time))
  else . end)
| (.workloads | to_entries[] | "workload \(.key) \(.value[].value)"),
  (.services | to_entries[] | "service \(.key) \(.value[].value)"),
  (.labels[] | "label \(.)")
