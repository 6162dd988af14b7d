//! 中文。

use pandian_domain::reference::Standing;
use pandian_domain::verdict::{Reason, Verdict};
use pandian_engine::site::Release;

use super::{ListenWords, PlanWords, VisionWords, Words};

pub(super) static WORDS: Words = Words {
    error: "错误",
    explain_hint: |code| format!("详细说明：pandian explain {code}"),
    verdict,
    reason,
    stocktake: "盘点任务",
    warehouse: "仓库",
    location: "货位",
    locations: "货位",
    crane: "堆垛机",
    book: "账面",
    counted: "实盘",
    tags: "标签",
    belongs_at: |place| format!("应在 {place}"),
    traced: |epc, place| format!("标签 {epc} 在 {place}，该货位未盘点"),
    found_at: |place| format!("在 {place} 找到"),
    started: "开始",
    finished: "完成",
    not_finished: "未完成",
    cancelled: "已取消",
    head: "记录链",
    requested: "应盘",
    left: "待盘",
    agreements: "账实相符",
    differences: "有差异",
    ambiguous: "待人工判定",
    not_counted: "未盘",
    nothing_differs: "所有货位账实相符。",
    and_more: |more| format!("……另有 {more} 条"),
    more_lanes: |more| format!("……另有 {more} 条作业通道"),
    makespan: |makespan, seconds| format!("最后一台堆垛机在 {makespan:.3} 秒后空闲，最后一个结论在 {seconds:.3} 秒后得出"),
    counting: |locations, lanes| format!("开始盘点：{locations} 个货位，{lanes} 条作业通道"),
    resuming: |open| format!("继续盘点：还剩 {open} 个货位"),
    already_finished: "该盘点任务已经完成",
    interrupted: |id| format!("已中断，数据没有丢失。盘点任务 {id} 可以继续："),
    resume_with: |id, data| format!("pandian run --resume {id} --data {data}"),
    serve_devices: |folder| format!("pandian sim {folder}   （在另一个终端提供模拟设备）"),
    configuration_changed: "注意：盘点任务开始之后，配置有改动",
    stalled: |why| format!("无法写入：{why}。堆垛机等待，故障排除后自动继续"),
    mended: "恢复写入",
    operation_failed: |operation, location, message| format!("货位 {location} 的 {operation} 失败：{message}"),
    lane_out: |lane, message| format!("作业通道 {lane} 退出作业：{message}"),
    lane_in: |lane| format!("作业通道 {lane} 恢复作业"),
    paused: "已暂停",
    eta: "预计还需",
    idle: "空闲",
    lent: "已借给生产",
    waited: |lane, waits, seconds| format!("{lane} 为同轨的另一台堆垛机等待 {waits} 次，共 {seconds:.1} 秒"),
    out_of_work: "退出作业",
    waiting: "等待",
    done: "已完成",
    running: "运行中",
    no_stocktakes: |data| format!("{data} 中没有盘点任务"),
    config_good: |name, locations, lanes| format!("{name}：{locations} 个货位，{lanes} 条作业通道，配置无误"),
    standing: |standing| match standing {
        Standing::Taken => "已拍摄，待接受",
        Standing::Accepted => "已接受",
        Standing::Rejected => "已拒绝",
    },
    imported: |lines, source| format!("已导入 {source} 的 {lines} 行账面库存"),
    book_used: |source| format!("账面库存：{source}"),
    verified: |records, evidence| format!("{records} 条记录和 {evidence} 份证据与写入时一致"),
    chain_broken: "与写入时不一致",
    head_found: |since| format!("给定的链头在记录链中，此后又有 {since} 条记录"),
    note: "注意",
    devices_good: "所有设备应答正常",
    devices_bad: |bad| format!("{bad} 台设备应答不正常"),
    what_to_do: |code| format!("处理办法：pandian explain {code}"),
    serving: "服务地址",
    stop_with_ctrl_c: "按 Ctrl-C 结束",
    demo_title: |cranes, locations, speed| format!("模拟仓库：{cranes} 台堆垛机，{locations} 个货位，{speed} 倍速"),
    planted: "预埋",
    found: "盘出",
    to_be_seen: |truth| match (truth.wrong, truth.blocked) {
        (true, _) => "  （标签贴错）",
        (false, true) => "  （视线被挡）",
        (false, false) => "",
    },
    demo_outcome: |outcome| {
        format!(
            "预埋差异 {} 处，如实盘出 {} 处，盘出为其他差异 {} 处；交人工判断的货位 {} 个；错判 {} 个。",
            outcome.planted, outcome.found, outcome.otherwise, outcome.left, outcome.wrong
        )
    },
    pictures: |pictures| {
        let (share, [low, high]) = pictures.wrong_share();
        format!(
            "图片 {} 张：空/有货判断正确 {} 张，判为不确定 {} 张，判错 {} 张；无提示的错误率 {:.2} %（{:.2}–{:.2} %）。\n\
             贴错标签 {} 处，其中判为读不出 {} 处，未被发现 {} 处；视线被挡 {} 处，其中判错 {} 处。",
            pictures.looked_at,
            pictures.right,
            pictures.unsure,
            pictures.wrong,
            share * 100.0,
            low * 100.0,
            high * 100.0,
            pictures.mislabelled,
            pictures.mislabelled_unread,
            pictures.mislabelled_missed,
            pictures.blocked,
            pictures.blocked_wrong
        )
    },
    references_taken: |accepted, rejected| {
        format!("已拍摄空货位图片 {} 张：{accepted} 张接受为参照，{rejected} 张被拒绝", accepted + rejected)
    },
    demo_next: |data| {
        format!("可以试试：\n  pandian report --data {data}\n  pandian report --data {data} --format csv\n  pandian verify --data {data}")
    },
    listen: LISTEN,
    plan: PLAN,
    vision: VISION,
};

const LISTEN: ListenWords = ListenWords {
    listening: |address| format!("正在收听 {address}"),
    antenna: "天线",
    reads: "读取次数",
    rate: "次/秒",
    last: "最近读到",
    ago: |seconds| format!("{seconds:.0} 秒前"),
    heard: |tags, reads| format!("共读到 {tags} 个标签，{reads} 次"),
    heard_more: |tags, reads| format!("共读到超过 {tags} 个标签，{reads} 次"),
    lost: |reads| format!("有 {reads} 次读取未能显示：输出端未及时接收"),
};

const VISION: VisionWords = VisionWords {
    no_code: "没有读到码",
    occupancy: "货位：",
    labels: "标签：",
    change: "与之前相比：",
    fitness: "亮度 / 对比度 / 清晰度：",
    no_mask: "没有差异掩图：照片无法与参照图对齐",
    unsure: "  可能误读",
    objects: |objects| format!("模型检出 {objects} 个目标；不作为实盘数量"),
    objects_cut: "候选目标过多，部分未检查",
    no_text: "没有读到文字",
    lines_left: |lines| format!("另有 {lines} 行文字未读：时间已用完"),
    bench_columns: [
        "照片集",
        "照片",
        "首次读对",
        "读对",
        "读成其他",
        "未读出",
        "无码误读",
        "无法解码",
        "解码毫秒",
        "首次读码毫秒",
        "全部读码毫秒",
    ],
};

const PLAN: PlanWords = PlanWords {
    title: |warehouse, locations, release, seed| format!("{warehouse}：规划 {locations} 个货位，堆垛机{release}放行，随机种子 {seed}"),
    stops: "货位数",
    visits: "停靠",
    travel: "行驶",
    standing: "停留",
    free_after: "完工",
    bound: "下界",
    gap: "差距",
    optimal: "已证最优",
    all: "合计",
    done: |time| format!("最后一个结论在 {time} 后得出。"),
    kept_opaque: |crane| format!("{crane}：货位没有坐标，保持给定的次序。"),
    kept_dispatched: |crane| format!("{crane}：由外部系统指派堆垛机和路线，保持给定的次序。"),
    partly_opaque: |crane, moves| format!("{crane}：有 {moves} 次移动缺少坐标，无法预计时间。"),
    moves_as_learnt: |crane, moves, error, configured| {
        format!("{crane}：运动参数由 {moves} 次实际移动学得，平均误差 {error}；按配置则为 {configured}。")
    },
    moves_as_configured: |crane, moves, error, configured| {
        format!("{crane}：按配置的运动参数，平均误差 {configured}；由 {moves} 次实际移动学得的并不更好，为 {error}。")
    },
    nothing_learnt: |crane| format!("{crane}：按配置的运动参数，没有可供学习的移动。"),
    rule: "次序",
    as_given: "给定",
    sorted: "按货位号",
    routed: "规划",
    released: "放行",
    release: |release| match release {
        Release::AfterAcquisition => "采集后",
        Release::AfterVerification => "比对后",
    },
    sooner: "提速",
    left_out: |count| format!("不去的货位 {count} 个："),
    picture: |file| format!("路线图：{file}"),
    stops_here: |stops| format!("{stops} 个货位"),
    time_unknown: "行驶时间未知",
    nothing_to_draw: "货位都没有坐标，无法绘图。",
    left_side: "左排",
    right_side: "右排",
    begins_here: "堆垛机由此出发",
    first: "先",
    last: "后",
};

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Match => "账实相符",
        Verdict::Shortage => "盘亏",
        Verdict::Overage => "盘盈",
        Verdict::Misplaced => "错放",
        Verdict::WrongItem => "货品不符",
        Verdict::EmptyAsBooked => "账面为空且实际为空",
        Verdict::UnexpectedlyEmpty => "账面有货实际为空",
        Verdict::Ambiguous => "待人工判定",
        Verdict::NotCounted => "未盘",
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::AllTagsHeard => "账面标签全部读到，没有其他标签",
        Reason::LabelsRead => "通过条码标签确认了账面货物",
        Reason::NothingThere => "没有读到标签，照片上也没有货物",
        Reason::NothingHeard => "没有读到标签",
        Reason::PartMissing => "账面货物只找到一部分",
        Reason::NotInTheBooks => "找到的货物不在账上",
        Reason::FoundElsewhere => "缺少的货物在别的货位找到",
        Reason::TagsUnclear => "无法判定标签属于本货位还是相邻货位",
        Reason::BookedElsewhere => "找到的货物账面在别的货位",
        Reason::OtherInItsPlace => "账面货物的位置上是别的货物",
        Reason::SeenEmpty => "没有读到标签，照片显示货位是空的",
        Reason::TagsSilent => "账面有货，但没有读到任何标签",
        Reason::WitnessesDisagree => "标签与照片互相矛盾",
        Reason::NothingToRecognise => "没有可用来辨认账面货物的标识",
        Reason::NoBook => "账面没有这个货位",
        Reason::OtherLocation => "标记显示的是另一个货位",
        Reason::InventoryFailed => "标签读取失败",
        Reason::CaptureFailed => "抓拍失败",
        Reason::CompareFailed => "照片比对失败",
        Reason::NoObservation => "没有可以比对的观测结果",
        Reason::ChecksFailed => "标签和照片都没有取得",
        Reason::CraneFailed => "堆垛机没有到达",
        Reason::CraneOut => "堆垛机退出作业",
        Reason::WayBlocked => "另一台堆垛机一直挡住去路",
        Reason::ForbiddenZone => "货位在堆垛机禁入区内",
        Reason::LocationLocked => "货位已锁定",
        Reason::Cancelled => "盘点任务被取消",
        Reason::ProgramFailed => "程序故障，详见日志",
    }
}
