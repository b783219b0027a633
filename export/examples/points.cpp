// Prints the points of one face, "x y" a line, in pixels: C++ with nothing but OpenCV 4.
//
//   g++ -O2 points.cpp -o points $(pkg-config --cflags --libs opencv4)
//   ./points landmark.pb picture.jpg x0 y0 x1 y1          (the box tight around the points)
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include <opencv2/dnn.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

// The part of the picture that `square` covers; black where it reaches beyond.
static cv::Mat cut(const cv::Mat& picture, const cv::Rect& square) {
    const cv::Rect inside = square & cv::Rect(cv::Point(), picture.size());
    cv::Mat part(square.size(), CV_8UC3, cv::Scalar::all(0));
    if (!inside.empty()) picture(inside).copyTo(part(inside - square.tl()));
    return part;
}

// The JSON beside the model: landmark.json of landmark.pb and of landmark.float32.pb. OpenCV 4.6 reads no null.
static cv::FileStorage contract_of(const std::string& model) {
    const size_t name = model.find_last_of('/') + 1;  // npos + 1 is 0
    for (const size_t dot : {model.find_last_of('.'), model.find('.', name)}) {
        std::ifstream file(model.substr(0, dot) + ".json");
        if (!std::ifstream(model) || !file) continue;
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const int how = cv::FileStorage::READ | cv::FileStorage::MEMORY | cv::FileStorage::FORMAT_JSON;
        return cv::FileStorage(std::regex_replace(text, std::regex(": null"), ": 0"), how);
    }
    return {};
}

int main(int argc, char** argv) {
    if (argc != 7) return std::fprintf(stderr, "usage: points landmark.pb picture x0 y0 x1 y1\n"), 2;
    const std::string model = argv[1];
    const double x0 = std::atof(argv[3]), y0 = std::atof(argv[4]), x1 = std::atof(argv[5]), y1 = std::atof(argv[6]);
    const cv::Mat picture = cv::imread(argv[2]);
    if (picture.empty()) return std::fprintf(stderr, "%s: found no picture\n", argv[2]), 2;
    if (!(x1 > x0 && y1 > y0 && x1 - x0 < 1e5 && y1 - y0 < 1e5))
        return std::fprintf(stderr, "found no box, expected x0 < x1 and y0 < y1\n"), 2;

    const cv::FileStorage contract = contract_of(model);
    if (!contract.isOpened())
        return std::fprintf(stderr, "%s: found no such model with its contract beside it\n", argv[1]), 2;
    const int size = contract["input"]["size"];
    const double margin = contract["crop"]["margin"];

    // a square around the box: its longer edge, and the margin on every side; pixel centres at whole numbers
    const double edge = std::max(x1 - x0, y1 - y0) * (1 + 2 * margin);
    const int side = std::max(1, cvRound(edge));
    const cv::Rect square(cvRound((x0 + x1 - side + 1) / 2), cvRound((y0 + y1 - side + 1) / 2), side, side);
    cv::Mat crop;
    cv::resize(cut(picture, square), crop, {size, size}, 0, 0, side > size ? cv::INTER_AREA : cv::INTER_LINEAR);

    const bool grey = std::string(contract["input"]["order"]) == "GRAY";
    if (grey) cv::cvtColor(crop, crop, cv::COLOR_BGR2GRAY);
    cv::dnn::Net net = cv::dnn::readNetFromTensorflow(model);
    net.setInput(cv::dnn::blobFromImage(crop, 1, {}, {}, !grey), "image");  // RGB 0..255
    const cv::Mat points = net.forward("landmarks");                        // x0 y0 x1 y1 ..., fractions of the square
    for (int i = 0; i + 1 < points.cols; i += 2)
        std::printf("%.2f %.2f\n", square.x - 0.5 + side * points.at<float>(i), square.y - 0.5 + side * points.at<float>(i + 1));
    return 0;
}
